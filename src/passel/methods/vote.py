"""Self-consistency: the most frequent answer of n samples."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result, candidate
from passel.methods.parts.votes import first_of, share_of, tally

__all__ = ["vote"]


@needs(generator="text")
def vote(problem: Problem, *, key: Key, n: Annotated[int, Log(1, 256)] = 16) -> Flow[Result]:
    """The most frequent final answer of n samples.

    It samples n reasoning paths and marginalises them out: each is reduced to its final answer, equal answers (equal in
    value, not in writing) are counted, and the largest count wins. Texts without an answer do not vote.

    Source: Wang et al. 2022, Self-Consistency Improves Chain of Thought Reasoning (2203.11171), section 2, the
    unweighted sum (majority vote) of table 1.

    Symbols: m, the number of candidate outputs -> n; a_i -> the candidate's answer.

    Args:
        n: samples. The paper draws 40 and reports most of the gain by 10 to 20; 16 is our default.

    Cost: generate = n

    Guarantees: heuristic. As n grows the answer tends to the mode of the model's answers, right or wrong.

    Deviations: ties go to the answer that was seen first (the paper does not say). When the budget allows only m < n
    samples, it votes over those m.

    >>> from passel.core.play import play
    >>> play(vote(Problem("1", "2 + 2?"), key=Key(), n=3), ["4", "5", "4"]).value.answer.text
    '4'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    candidates = [candidate(problem, reply) for reply in replies]
    votes = tally(candidates)
    chosen = first_of(candidates, votes)
    confidence = share_of(chosen, votes)
    return Result.of(chosen, candidates, whole=len(replies) == n, confidence=confidence, info={"votes": votes})
