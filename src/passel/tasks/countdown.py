"""Countdown: reach a target from three or four numbers (as in Gandhi et al. 2024, arXiv 2404.03683)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.files import Row
from passel.tasks.parts.puzzles import puzzle
from passel.tasks.parts.source import make
from passel.tasks.parts.task import Item, Task

__all__ = ["countdown"]


def countdown(*, split: Literal["val", "test"] = "test") -> Task:
    """500 test and 200 val puzzles; any expression is right that uses each number once and makes the target."""
    return make("countdown", f"countdown/{split}.jsonl", _item)


def _item(index: int, row: Row) -> Item:
    return puzzle(row["id"], row["numbers"], row["target"], row["gold_expr"])
