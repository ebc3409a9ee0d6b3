"""Forward and backward reasoning: votes, and whether the question can be recovered from an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.options import configured
from passel.core.problem import Answer, Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result, candidate
from passel.estimators.backward import backward_shares, forward_backward
from passel.methods.parts.votes import first_of, share_of, tally
from passel.verifiers import scores_of
from passel.verifiers.fobar import fobar as backward_check

__all__ = ["fobar"]


@needs(generator="text", verifier="text")
def fobar(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 40,
    m: Annotated[int, Log(1, 64)] = 8,
    numbers: Annotated[int, Linear(1, 8)] = 3,
    alpha: Annotated[float, Linear(0.0, 1.0)] = 0.5,
) -> Flow[Result]:
    """The answer with the highest product of forward votes and backward recoveries.

    Forward: n chains vote; P_f is an answer's share. Backward: each number of the question is hidden in turn, a
    candidate answer is given, and m chains solve for the hidden number; Z counts the chains that recover it, P_b is a
    candidate's share of the recoveries. The score is P_f^alpha * P_b^(1 - alpha).

    Source: Jiang et al. 2023, Forward-Backward Reasoning in Large Language Models for Mathematical Verification
    (2308.07758); details after its public code (main_fobar_eval.py).

    Symbols: M_F -> n; M_B -> m; P_f, P_b and Z as above, by answer.

    Args:
        n: forward chains; 40 in the paper.
        m: backward chains for each hidden number and candidate; 8 in the paper.
        numbers: numbers hidden at most, the first in the question. The paper hides every number; ours, to bound the
            cost.
        alpha: weight of the votes; 0.5 in the paper, 1 is the vote.

    Cost: generate <= n + n * m * numbers

    Guarantees: heuristic.

    Deviations: the candidates are the different answers, each judged once. A question without a number in digits falls
    back to the vote, as in the code. The wording of the backward question is that of the verifier `fobar`.

    >>> from passel.core.play import play
    >>> flow = fobar(Problem("1", "What is 2 + 3?"), key=Key(), n=3, m=1)
    >>> play(flow, ["6", "6", "5", "x = 1", "x = 2", "x = 2", "x = 3"]).value.answer.text
    '5'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    candidates = [candidate(problem, reply) for reply in replies]
    votes = tally(candidates)
    if not votes:
        return Result.of(None, candidates, whole=len(replies) == n)
    forward = {answer: count / sum(votes.values()) for answer, count in votes.items()}
    firsts = {answer: first_of(candidates, {answer: 1.0}) for answer in votes}
    texts = {number: one.answer.text for number, one in enumerate(firsts.values()) if one and one.answer}
    check = configured(backward_check, {"m": m, "numbers": numbers})
    shares, paid = yield from scores_of(check, _readable(problem), texts, key=key)
    recovered = {answer: shares.get(number) for number, answer in enumerate(votes)}
    known = {answer: share for answer, share in recovered.items() if share is not None}
    scores = forward_backward(forward, backward_shares(known), alpha=alpha) if known else forward
    chosen = first_of(candidates, scores)
    scored = [replace(one, score=scores[one.answer.key]) if one.answer else one for one in candidates]
    whole, confidence = paid and len(replies) == n, share_of(chosen, scores)
    return Result.of(chosen, scored, whole=whole, confidence=confidence, info={"votes": votes, "recovered": recovered})


def _readable(problem: Problem) -> Problem:
    """The problem for a verifier that is given answers, not solutions: a text is its own answer."""
    return replace(problem, read=_whole)


def _whole(text: str) -> Answer | None:
    return Answer(text, text)
