"""The game of 24: make 24 from four numbers (Yao et al. 2023, Tree of Thoughts, arXiv 2305.10601)."""

from __future__ import annotations

from functools import cache
from typing import Literal

from passel.tasks.parts.expressions import solve
from passel.tasks.parts.puzzles import puzzle_item
from passel.tasks.parts.source import DataSource
from passel.tasks.parts.task import GeneratedItems, Item, Task

__all__ = ["game24"]

_HARD = range(900, 1000)  # the puzzles that Tree of Thoughts is tested on


def game24(*, rows: Literal["all", "hard"] = "all") -> Task:
    """The game of 24: 1362 puzzles, from easy to hard for people.

    `hard` selects the hundred puzzles of Tree of Thoughts (index 900 to 999). The gold answer is a solution that is
    searched for when a puzzle is first used; any other solution is right too.
    """

    @cache
    def puzzles() -> list[tuple[int, ...]]:
        every = [tuple(map(int, row["Puzzles"].split())) for row in DataSource(("game24/24.csv",)).rows()]
        return every if rows == "all" else [every[index] for index in _HARD]

    def item(index: int) -> Item:
        numbers = puzzles()[index]
        return puzzle_item(str(index), numbers, 24, solve(numbers, 24) or "")

    return Task("game24", GeneratedItems(lambda: len(puzzles()), item))
