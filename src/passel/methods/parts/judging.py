"""Candidates and what a verifier says of them."""

from __future__ import annotations

from collections.abc import Sequence

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.result import Candidate
from passel.verifiers import Ranker, Verifier, judged

__all__ = ["all_judged"]


def all_judged(
    verifier: Verifier | Ranker, problem: Problem, candidates: Sequence[Candidate], *, key: Key, first: int = 0
) -> Flow[tuple[list[Candidate], bool]]:
    """The candidates with their scores and reasons, and whether the budget allowed all judgements.

    Candidates without an answer are not judged.

    Args:
        first: number of the first candidate; a candidate's number decides the samples of its judgement.
    """
    texts = {index: one.text for index, one in enumerate(candidates, first) if one.answer is not None}
    judgements, whole = yield from judged(verifier, problem, texts, key=key)
    return [one.judged(judgements.get(index)) for index, one in enumerate(candidates, first)], whole
