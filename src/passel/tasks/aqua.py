"""AQuA-RAT: algebra word problems with five options (Ling et al. 2017, arXiv 1705.04146)."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Literal

from passel.tasks.parts.choices import choice_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["aqua"]


def aqua(*, split: Literal["dev", "test"] = "test") -> Task:
    """AQuA-RAT: 254 problems in each split."""
    hub = Hub("deepmind/aqua_rat", {"dev": "validation", "test": "test"}[split], "raw")
    return task_from_rows("aqua", f"aqua/{split}.jsonl", _item, hub)


def _item(index: int, row: Row) -> Item:
    options = [option.partition(")")[2] for option in row["options"]]
    return choice_item(str(index), row["question"], options, ascii_uppercase.index(row["correct"]))
