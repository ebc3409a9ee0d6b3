"""One place where a text states an answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Statement", "Trust"]


class Trust(IntEnum):
    """How much a way of stating an answer is trusted: the higher one wins, wherever in the text it stands."""

    LINE = 1
    """The last line, where it is nothing but an answer."""
    REMARK = 2
    """A sentence that may state an answer or speak about it: "my answer is …", "it must be …"."""
    SENTENCE = 3
    """A sentence that states the answer: "The answer is …", "Answer: …"."""
    FORM = 4
    """A form that is asked for: a box, ####, <answer>, a JSON field."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Args:
        at: where it begins.
        content: what was stated; after a sentence, all the rest of the text, for how much of it is the answer depends
            on the kind of answer.
        trust: of its form.
        bounded: whether the content has an end of its own (a box, a tag), so that all of it is the answer.
    """

    at: int
    content: str
    trust: Trust
    bounded: bool = False
