"""Puzzles that ask for an arithmetic expression over given numbers."""

from __future__ import annotations

from collections.abc import Sequence

from passel.tasks.parts.kinds import EXPRESSION
from passel.tasks.parts.task import Item

__all__ = ["puzzle_item", "puzzle_question"]


def puzzle_question(numbers: Sequence[int], target: int) -> str:
    """The question in the words that passel-reasoner-135m was trained on."""
    return f"Use the numbers {', '.join(map(str, numbers))} once each with + - * / to make {target}."


def puzzle_item(name: str, numbers: Sequence[int], target: int, gold: str) -> Item:
    """A puzzle; right is any expression that uses each number exactly once and has the value of the target."""
    details = {"numbers": tuple(numbers), "target": target}
    return Item(name, puzzle_question(numbers, target), gold, EXPRESSION, details=details)
