"""Countdown: reach a target from three or four numbers (as in Gandhi et al. 2024, arXiv 2404.03683)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.files import Row
from passel.tasks.parts.puzzles import puzzle_item
from passel.tasks.parts.source import task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["countdown"]


def countdown(*, split: Literal["val", "test"] = "test") -> Task:
    """Countdown: 500 test and 200 val puzzles.

    Right is any expression that uses each number exactly once and has the value of the target.
    """
    return task_from_rows("countdown", f"countdown/{split}.jsonl", _item)


def _item(index: int, row: Row) -> Item:
    return puzzle_item(row["id"], row["numbers"], row["target"], row["gold_expr"])
