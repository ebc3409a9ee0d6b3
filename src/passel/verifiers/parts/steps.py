"""Steps of a solution: where one ends, what each is worth, and what they are worth together."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Aggregate", "Step", "Unit", "aggregate", "split", "worth"]

Aggregate = Literal["min", "product", "last", "mean"]
"""How the scores of steps become one: the weakest step, all of them together, the state reached, the average."""

Unit = Literal["auto", "marks", "paragraphs", "lines", "sentences"]
"""What a step is; see `split`."""

_MARK = re.compile(r"^[ \t]*(?:#+ *)?(?:\*\*)?step \d+(?:\*\*)?[:.)]", re.MULTILINE | re.IGNORECASE)
_PARAGRAPH = re.compile(r"\n(?:[ \t\r]*\n)+")
_LINE = re.compile(r"\n(?:[ \t\r]*\n)*")
_SENTENCE = re.compile(r"(?<=[.!?])['\")\]]*\s+")
_LIST_NUMBER = re.compile(r"(?:\A|\n|[.!?]\s)\s*\(?\w{1,2}[.)]\s*\Z")


@dataclass(frozen=True, slots=True)
class Step:
    """One step with what a judge of steps says of it.

    Args:
        text: as it stands in the solution, the white space after it included.
        score: 1 right, 0 wrong, between them a probability; a reward model may use another scale. None: not judged.
        reason: why, in the judge's words, or "".
        error: the kind of error, or "".
        references: the steps of a reference that it was compared with, counted from 1.
    """

    text: str
    score: float | None = None
    reason: str = ""
    error: str = ""
    references: tuple[int, ...] = ()


def split(text: str, by: Unit = "auto") -> tuple[str, ...]:
    """The steps of a text; joined they give it back exactly, and no step is blank unless the whole text is.

    "auto" takes the first that makes at least two steps of it: marks (lines that begin with "Step 1:"; what stands
    before the first is a step too), paragraphs (after blank lines), lines, sentences. Any other unit is steady: all
    steps but the last stay the same while the text grows, which "auto" cannot promise.

    >>> split("Add them: 4+3=7. Double it: 14.")
    ('Add them: 4+3=7. ', 'Double it: 14.')
    """
    if by != "auto":
        return _pieces(text, _cuts(text, by))
    for unit in ("marks", "paragraphs", "lines", "sentences"):
        if len(pieces := _pieces(text, _cuts(text, unit))) > 1:
            return pieces
    return (text,) if text else ()


def aggregate(scores: Sequence[float | None], how: Aggregate) -> float | None:
    """One number for the scores of steps. None for no steps.

    A step that was not judged (None) is left out; it is None if none was judged. "last" is the last step's own score,
    so None where that one was not judged.

    >>> [aggregate([0.5, None, 0.8], how) for how in ("min", "product", "last", "mean")]
    [0.5, 0.4, 0.8, 0.65]
    """
    if how == "last":
        return scores[-1] if scores else None
    known = [score for score in scores if score is not None]
    if not known:
        return None
    match how:
        case "min":
            return min(known)
        case "product":
            return math.prod(known)
        case "mean":
            return sum(known) / len(known)


def worth(steps: Sequence[Step], how: Aggregate) -> float | None:
    """What judged steps are worth together; see `aggregate`."""
    return aggregate([step.score for step in steps], how)


def _cuts(text: str, unit: Unit) -> list[int]:
    match unit:
        case "marks":
            return [mark.start() for mark in _MARK.finditer(text)]
        case "paragraphs":
            return [gap.end() for gap in _PARAGRAPH.finditer(text)]
        case "lines":
            return [gap.end() for gap in _LINE.finditer(text)]
        case _:
            ends = [gap.end() for gap in _SENTENCE.finditer(text)]
            return [end for end in ends if not _LIST_NUMBER.search(text[max(0, end - 12) : end])]


def _pieces(text: str, cuts: Sequence[int]) -> tuple[str, ...]:
    """The text cut at these places; a blank piece goes to the one before it, the first to the one after."""
    pieces: list[str] = []
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = text[begin:end]
        if pieces and (not piece.strip() or not pieces[-1].strip()):
            pieces[-1] += piece
        elif piece:
            pieces.append(piece)
    return tuple(pieces)
