"""Scaling with feedback: runs side by side, or attempts one after the other with a critic's words between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.chains import AGAIN, best_scored, criticised, ended, revision_prompt
from passel.verifiers import Chosen, scores_of
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["feedback_scaling"]

FINE = "I see no mistake."
ASK = """That is not right. A critic says: {feedback}

Try again: give the whole solution anew, in the form asked for at the beginning."""


@needs(generator="text", critic="text")
def feedback_scaling(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 5,
    mode: Literal["parallel", "sequential"] = "sequential",
    verifier: Chosen = self_evaluation,
    threshold: Annotated[float, Linear(0.0, 1.0)] = 0.5,
) -> Flow[Result]:
    """Parallel: the best of n runs by the verifier. Sequential: attempt, verdict, feedback, attempt, until accepted.

    With a perfect verifier the gap from the average run to the best of n says how much there is to gain, and the
    sequential curve how much of it feedback brings.

    Source: Balachandran et al. 2025, Inference-Time Scaling for Complex Tasks: Where We Stand and What Lies Ahead
    (2504.00294); the sequential pipeline after its public code (eureka-ml-insights, user_configs/aime_seq.py).

    Symbols: r -> n.

    Args:
        n: runs, or attempts at most; 5 in the paper.
        mode: parallel or sequential.
        verifier: who tells right from wrong. `math_answer` is the paper's perfect one, an upper bound; a model's own
            judgement is what there is without it.
        threshold: a score from which an attempt is accepted; ours.

    Cost: generate <= 2 * n, verifier <= n

    Guarantees: with `math_answer` the parallel mode is exactly coverage@n. Otherwise no better than its verifier.

    Deviations: the critic is not shown the right answer (the code's teacher hints are). Where none is accepted the
    attempt of the highest score is the answer. A critic that fails leaves a plain request to try again.

    >>> from passel.core.play import play
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = feedback_scaling(Problem("1", "2 + 2?"), key=Key(), verifier=arithmetic, threshold=0.8)
    >>> play(flow, ["2+2=5", "The sum is off by one.", "2+2=4"]).value.text
    '2+2=4'
    """
    if mode == "parallel":
        return (yield from _parallel(problem, key, n, verifier))
    attempts: list[Candidate] = []
    asks: list[str] = []
    whole, accepted = True, False
    try:
        for number in range(n):
            prompt = revision_prompt(problem, [one.text for one in attempts], asks)
            (reply,) = yield from sample(prompt, key=key)
            one = candidate(problem, reply)
            attempts.append(one)
            texts = {number: one.text} if one.answer is not None else {}
            scores, whole = yield from scores_of(verifier, problem, texts, key=key)
            attempts[-1] = one = replace(one, score=scores.get(number))
            accepted = one.score is not None and one.score >= threshold
            if accepted or not whole:
                break
            if number + 1 < n:
                said = yield from criticised(problem, one.text, key=key / number, fine=FINE, label="feedback_scaling")
                usable = said.ok and said.text.strip()
                asks.append(ASK.format(feedback=" ".join(said.text.split())) if usable else AGAIN)
    except OutOfBudget:
        if not attempts:
            raise
        whole = False
    chosen = attempts[-1] if accepted else best_scored(attempts)
    return ended(attempts, chosen, whole=whole, accepted=accepted)


def _parallel(problem: Problem, key: Key, n: int, verifier: Chosen) -> Flow[Result]:
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    drawn = [candidate(problem, reply) for reply in replies]
    texts = {place: one.text for place, one in enumerate(drawn) if one.answer is not None}
    scores, paid = yield from scores_of(verifier, problem, texts, key=key)
    attempts = [replace(one, score=scores.get(place)) for place, one in enumerate(drawn)]
    return ended(attempts, best_scored(attempts), whole=paid and len(replies) == n, accepted=None)
