"""Steps of a solution: where a step ends, what each is worth, and what all are worth together."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from passel.core.judgement import Judgement
from passel.verifiers.parts.verdicts import finite

__all__ = ["Aggregate", "Step", "Unit", "aggregate", "judged_steps", "split"]

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
    """One step of a solution, with the verdict of a judge of steps.

    Args:
        text: as it stands in the solution, with the white space after it.
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


def judged_steps(steps: Sequence[Step], how: Aggregate) -> Judgement:
    """The judgement of a solution by its steps: their aggregate, and which step is the weakest and why.

    >>> judged_steps([Step("2+2=4", 1.0), Step("So 5.", 0.0, "it is 4", "calculation")], "mean").explanation
    'step 2 of 2 is the weakest, 0: So 5. (calculation: it is 4)'
    """
    scores = [step.score for step in steps]
    known = [(score, number) for number, score in enumerate(scores, 1) if score is not None]
    if not known:
        return Judgement(None, "no step was judged", {"scores": finite(scores)})
    lowest, weakest = min(known)
    metadata = {"scores": finite(scores), "weakest": weakest}
    value = aggregate(scores, how)
    if lowest == 1.0:
        return Judgement(value, f"no step is judged wrong, of {len(known)} that were judged", metadata)
    step = steps[weakest - 1]
    why = ": ".join(filter(None, [step.error, step.reason]))
    named = f"step {weakest} of {len(steps)} is the weakest, {lowest:.3g}: {step.text.strip()}"
    return Judgement(value, f"{named} ({why})" if why else named, metadata)


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
    """The text cut at these places; a blank piece is added to the piece before it, a blank first piece to the next."""
    pieces: list[str] = []
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = text[begin:end]
        if pieces and (not piece.strip() or not pieces[-1].strip()):
            pieces[-1] += piece
        elif piece:
            pieces.append(piece)
    return tuple(pieces)
