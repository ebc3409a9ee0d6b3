"""Planted trees: problems of choosing a letter at each step, with one right path that the question does not show."""

from __future__ import annotations

import re
from dataclasses import dataclass

from passel.core.key import Key

__all__ = ["LETTERS", "Plant", "letters_in", "plant_in"]

LETTERS = "abcdefghijklmnopqrstuvwxyz"

_QUESTION = re.compile(r"Tree (\d+) has (\d+) steps of (\d+) branches each")
_STEP = re.compile(r"([a-z])(?:\. The answer is [a-z]+\.?)?")


@dataclass(frozen=True, slots=True)
class Plant:
    """A tree by its number, with `depth` steps of `branching` letters each.

    >>> plant = Plant(7, 3, 4)
    >>> plant_in(plant.question) == plant, len(plant.path)
    (True, 3)
    """

    number: int
    depth: int
    branching: int

    @property
    def question(self) -> str:
        """The question. It names the tree, so that `plant_in` can build it again, but not its path."""
        return f"Tree {self.number} has {self.depth} steps of {self.branching} branches each. Which path is right?"

    @property
    def path(self) -> str:
        """The letters of the right path."""
        return "".join(LETTERS[(self._key / level).below(self.branching)] for level in range(self.depth))

    @property
    def trap(self) -> str:
        """A wrong first letter, under which a biased verifier is over-confident; "" where there is only one branch."""
        if self.branching < 2:
            return ""
        others = LETTERS[: self.branching].replace(self.path[0], "")
        return others[(self._key / "trap").below(len(others))]

    @property
    def _key(self) -> Key:
        return Key(0) / "plant" / self.number / self.depth / self.branching


def plant_in(text: str) -> Plant | None:
    """Returns the tree in a question; None: there is none, or it has no steps or more than 26 branches."""
    found = _QUESTION.search(text)
    if found is None:
        return None
    number, depth, branching = map(int, found.groups())
    return Plant(number, depth, branching) if depth > 0 and 0 < branching <= len(LETTERS) else None


def letters_in(text: str) -> str | None:
    """Returns the path of a solution so far, a letter for each line; None for a text of any other form."""
    steps = [_STEP.fullmatch(line.strip()) for line in text.splitlines() if line.strip()]
    return None if None in steps else "".join(step[1] for step in steps if step)
