"""Votes over answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from passel.core.result import Candidate
from passel.methods.parts.trees import worth

__all__ = ["first_of", "highest", "last_answered", "majority", "share_of", "tally"]


def tally(candidates: Sequence[Candidate], weights: Sequence[float] | None = None) -> dict[str, float]:
    """The weight of each answer, by its key, in order of first appearance. Candidates without an answer do not vote.

    Args:
        candidates: in the order in which they were sampled.
        weights: one for each candidate, at least 0; default: 1 each.
    """
    total: dict[str, float] = {}
    for index, candidate in enumerate(candidates):
        if candidate.answer is not None:
            key = candidate.answer.key
            total[key] = total.get(key, 0.0) + (1.0 if weights is None else weights[index])
    return total


def first_of(candidates: Sequence[Candidate], totals: Mapping[str, float]) -> Candidate | None:
    """The first candidate that has the heaviest answer; ties go to the answer seen first. None if nobody voted."""
    if not totals:
        return None
    best = max(totals.values())
    winner = next(answer for answer, weight in totals.items() if weight == best)
    return next(one for one in candidates if one.answer is not None and one.answer.key == winner)


def majority(candidates: Sequence[Candidate], weights: Sequence[float] | None = None) -> Candidate | None:
    """The first candidate that has the answer with the most votes, or the most weight. None if nobody voted."""
    return first_of(candidates, tally(candidates, weights))


def highest(candidates: Sequence[Candidate], *, weighted: bool = False) -> Candidate | None:
    """The candidate with the highest score, the first of equals. Without any score it is the majority's.

    Args:
        weighted: add up the scores, which are at least 0, of candidates with the same answer; the heaviest answer wins.
    """
    scored = [one for one in candidates if one.score is not None and one.answer is not None]
    if not scored:
        return majority(candidates)
    if weighted:
        return majority(scored, [one.score or 0.0 for one in scored])
    return max(scored, key=lambda one: worth(one.score))


def last_answered(candidates: Sequence[Candidate]) -> Candidate | None:
    """The last candidate that has an answer; None if none has one."""
    return next((one for one in reversed(candidates) if one.answer is not None), None)


def share_of(chosen: Candidate | None, totals: Mapping[str, float]) -> float | None:
    """The share of all votes that went to the chosen candidate's answer; None if nothing was chosen."""
    if chosen is None or chosen.answer is None:
        return None
    return totals[chosen.answer.key] / (sum(totals.values()) or 1.0)
