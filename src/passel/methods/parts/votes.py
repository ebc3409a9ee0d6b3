"""Votes over answers."""

from __future__ import annotations

from collections.abc import Sequence

from passel.core.result import Candidate

__all__ = ["first_of", "tally"]


def tally(candidates: Sequence[Candidate], weights: Sequence[float] | None = None) -> dict[str, float]:
    """Weight by answer key, in order of first appearance; candidates without an answer do not vote.

    Args:
        candidates: in draw order.
        weights: one a candidate, at least 0; default: 1 each.
    """
    total: dict[str, float] = {}
    for index, one in enumerate(candidates):
        if one.answer is not None:
            total[one.answer.key] = total.get(one.answer.key, 0.0) + (1.0 if weights is None else weights[index])
    return total


def first_of(candidates: Sequence[Candidate], totals: dict[str, float]) -> Candidate | None:
    """The first candidate with the heaviest answer; ties go to the answer seen first. None if nobody voted."""
    if not totals:
        return None
    best = max(totals.values())
    winner = next(answer for answer, weight in totals.items() if weight == best)
    return next(one for one in candidates if one.answer is not None and one.answer.key == winner)
