"""MMLU: 57 subjects, four options (Hendrycks et al. 2020, arXiv 2009.03300)."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Literal

from passel.tasks.parts.choices import choice_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["mmlu"]


def mmlu(*, subject: str = "all", split: Literal["dev", "val", "test"] = "test") -> Task:
    """MMLU: 14042 test, 1531 val and 285 dev questions, or those of a subject such as high_school_physics."""

    def item(index: int, row: Row) -> Item | None:
        if subject not in ("all", row["subject"]):
            return None
        right = row["answer"] if isinstance(row["answer"], int) else ascii_uppercase.index(row["answer"])
        return choice_item(str(index), row["question"], row["choices"], right, {"subject": row["subject"]})

    hub = Hub("cais/mmlu", {"val": "validation"}.get(split, split), "all")
    return task_from_rows("mmlu", f"mmlu/{split}.jsonl", item, hub)
