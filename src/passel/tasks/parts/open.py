"""Answers to questions of no known kind."""

from __future__ import annotations

from passel.core.problem import Answer
from passel.tasks.parts.numbers import number, number_key
from passel.tasks.parts.stated import first_line, plain, stated
from passel.tasks.parts.texts import normal

__all__ = ["read_answer"]


def read_answer(text: str) -> Answer | None:
    """The stated answer, compared as a number if it is one, else as normalised text; without one, the whole text."""
    for rest in stated(text):
        if line := plain(first_line(rest)):
            value = number(line)
            return Answer(line, normal(line) if value is None else number_key(value))
    whole = text.strip()
    return Answer(whole, normal(whole)) if whole else None
