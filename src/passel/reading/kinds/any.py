"""Answers to questions of no known kind."""

from __future__ import annotations

from passel.core.problem import Answer
from passel.reading.final_part import final_part
from passel.reading.kinds.numerals import number, number_key
from passel.reading.kinds.prose import normal, plain
from passel.reading.marks import Trust, statements

__all__ = ["read_answer"]


def read_answer(text: str) -> Answer | None:
    """Returns the stated answer, compared as a number if it is one, else as normalised text; without one, all that
    follows the thought."""
    for statement in statements(text):
        if statement.trust in (Trust.LINE, Trust.REMARK):
            continue
        line = next((plain(line) for line in statement.content.split("\n") if plain(line)), "")
        if line:
            value = number(line)
            return Answer(line, normal(line) if value is None else number_key(value))
    whole = (final_part(text) or "").strip()
    return Answer(whole, normal(whole)) if whole else None
