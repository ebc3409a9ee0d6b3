"""GSM8K: grade-school maths word problems (Cobbe et al. 2021, arXiv 2110.14168)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import NUMBER
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["gsm8k"]


def gsm8k(*, split: Literal["train", "test"] = "test") -> Task:
    """GSM8K: 7473 train and 1319 test problems; the gold answer follows "####"."""
    return task_from_rows("gsm8k", f"gsm8k/{split}.jsonl", _item, Hub("openai/gsm8k", split, "main"))


def _item(index: int, row: Row) -> Item:
    gold = row["answer"].rpartition("####")[2].strip()
    return Item(str(index), row["question"], gold, NUMBER, solution=row["answer"])
