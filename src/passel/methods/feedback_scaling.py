"""Scaling with feedback: parallel samples, or attempts one after the other with a critic's feedback between them."""

from __future__ import annotations

from typing import Annotated, Literal

from passel.core.flow import Flow, affordable, sample, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.chains import AGAIN, criticised, revision_prompt
from passel.methods.parts.judging import all_judged
from passel.methods.parts.votes import highest
from passel.verifiers import Chosen
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
    """Parallel: the best of n samples by the verifier. Sequential: attempt, verdict, feedback, until one is accepted.

    With a perfect verifier, the gap between the average sample and the best of n shows how much there is to gain, and
    the sequential curve shows how much of it feedback brings.

    Source: Balachandran et al. 2025, Inference-Time Scaling for Complex Tasks: Where We Stand and What Lies Ahead
    (2504.00294); the sequential pipeline after its public code (eureka-ml-insights, user_configs/aime_seq.py).

    Symbols: r -> n.

    Args:
        n: samples, or attempts at most; 5 in the paper.
        mode: parallel or sequential.
        verifier: scores the attempts. `math_answer` is the paper's perfect verifier, an upper bound; without it there
            is the model's own judgement.
        threshold: an attempt with at least this score is accepted; ours.

    Cost: generate <= 2 * n, verifier <= n

    Guarantees: with `math_answer` the parallel mode is exactly coverage@n. Otherwise no better than its verifier.

    Deviations: the critic is not shown the right answer (the code's teacher hints are). If no attempt is accepted, the
    attempt of the highest score is the answer. After a critic that fails, the attempt is repeated with a plain request
    to try again.

    >>> from passel.core.play import play
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = feedback_scaling(Problem("1", "2 + 2?"), key=Key(), verifier=arithmetic, threshold=0.8)
    >>> play(flow, ["2+2=5", "The sum is off by one.", "2+2=4"]).value.text
    '2+2=4'
    """
    if mode == "parallel":
        return (yield from _parallel(problem, key, n, verifier))
    attempts: list[Candidate] = []
    feedback: list[str] = []
    whole, accepted = True, False
    for number in range(n):
        prompt = revision_prompt(problem, [one.text for one in attempts], feedback)
        replies = yield from affordable(sample(prompt, key=key), or_raise=not attempts)
        if replies is None:
            whole = False
            break
        (attempt,), whole = yield from all_judged(
            verifier, problem, [candidate(problem, replies[0])], key=key, first=number
        )
        attempts.append(attempt)
        accepted = attempt.score is not None and attempt.score >= threshold
        if accepted or not whole or number + 1 == n:
            break
        reply = yield from affordable(
            criticised(problem, attempt.text, key=key / number, fine=FINE, label="feedback_scaling")
        )
        if reply is None:
            whole = False
            break
        usable = reply.ok and reply.text.strip()
        feedback.append(ASK.format(feedback=" ".join(reply.text.split())) if usable else AGAIN)
    chosen = attempts[-1] if accepted else highest(attempts)
    return Result.of(chosen, attempts, whole=whole, info={"accepted": accepted})


def _parallel(problem: Problem, key: Key, n: int, verifier: Chosen) -> Flow[Result]:
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    samples = [candidate(problem, reply) for reply in replies]
    attempts, paid = yield from all_judged(verifier, problem, samples, key=key)
    return Result.of(highest(attempts), attempts, whole=paid and len(replies) == n, info={"accepted": None})
