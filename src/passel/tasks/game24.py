"""The game of 24: make 24 from four numbers (Yao et al. 2023, Tree of Thoughts, arXiv 2305.10601)."""

from __future__ import annotations

from functools import cache
from typing import Literal

from passel.tasks.parts.expressions import solve
from passel.tasks.parts.puzzles import puzzle
from passel.tasks.parts.source import Source
from passel.tasks.parts.task import Generated, Item, Task

__all__ = ["game24"]

_HARD = range(900, 1000)  # the hundred that Tree of Thoughts is tested on


def game24(*, rows: Literal["all", "hard"] = "all") -> Task:
    """1362 puzzles from easy to hard for people; `hard` are the hundred of Tree of Thoughts (index 900 to 999).

    The gold answer is one solution, searched when a puzzle is first used.
    """

    @cache
    def puzzles() -> list[tuple[int, ...]]:
        found = [tuple(map(int, row["Puzzles"].split())) for row in Source(("game24/24.csv",)).rows()]
        return found if rows == "all" else [found[index] for index in _HARD]

    def item(index: int) -> Item:
        numbers = puzzles()[index]
        return puzzle(str(index), numbers, 24, solve(numbers, 24) or "")

    return Task("game24", Generated(lambda: len(puzzles()), item))
