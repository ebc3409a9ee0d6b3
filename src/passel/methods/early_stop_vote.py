"""A vote that stops as soon as its outcome is clear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from passel.core.flow import Flow, affordable, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.stopping import beta_lead, dirichlet_lead, settled_window, sprt_decided
from passel.methods.parts.votes import first_of, share_of, tally

__all__ = ["early_stop_vote"]

Rule = Literal["beta", "dirichlet", "sprt", "window"]


@needs(generator="text")
def early_stop_vote(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 40,
    rule: Rule = "beta",
    confidence: Annotated[float, Linear(0.5, 0.999)] = 0.95,
    window: Annotated[int, Log(1, 32)] = 1,
) -> Flow[Result]:
    """Samples a window at a time and stops when a rule says that the majority will not change.

    beta: the leader beats the runner-up with posterior probability `confidence`. dirichlet: it beats all answers seen.
    sprt: Wald's test of the leader against the runner-up, with error 1 - confidence. window: all answers of the last
    window are equal.

    Source: beta and dirichlet: Aggarwal et al. 2023, Adaptive-Consistency (2305.11860); window: Li et al. 2024,
    Early-Stopping Self-Consistency (2401.10480); sprt: Wald 1945, Sequential Tests of Statistical Hypotheses.

    Args:
        n: samples at most; 40 in both papers.
        rule: when to stop.
        confidence: of all rules but window; 0.95 in Adaptive-Consistency.
        window: samples requested at once; 1 spends least and takes longest. The window rule wants 4 to 10.

    Cost: generate <= n

    Guarantees: with n samples it is the vote. The posterior is exact for its prior; its bound on the rate of wrong
    stops holds on average over that prior, not for every problem.

    Deviations: samples without an answer do not vote. Adaptive-Consistency requests samples one by one. sprt is ours:
    no paper is known here that stops votes so. The leader's share of 0.7 under its hypothesis is ours too, and Wald's
    bound on the error is for two answers that are named beforehand, not for the two that happen to lead.

    >>> from passel.core.play import play
    >>> play(early_stop_vote(Problem("1", "2 + 2?"), key=Key(), n=40), ["4"] * 4).value.info["samples"]
    4
    """
    candidates: list[Candidate] = []
    whole, ended = True, "n"
    while whole and ended == "n" and len(candidates) < n:
        size = min(window, n - len(candidates))
        samples = sample_within(problem.prompt, key=key, n=size, first=len(candidates))
        replies = (yield from affordable(samples, or_raise=not candidates)) or []
        candidates += [candidate(problem, reply) for reply in replies]
        whole = len(replies) == size
        if whole and _clear(candidates, rule, confidence, window):
            ended = rule
    votes = tally(candidates)
    chosen = first_of(candidates, votes)
    info = {"samples": len(candidates), "ended": ended if whole else "budget", "votes": votes}
    return Result.of(chosen, candidates, whole=whole, confidence=share_of(chosen, votes), info=info)


def _clear(candidates: Sequence[Candidate], rule: Rule, confidence: float, window: int) -> bool:
    counts = sorted(tally(candidates).values(), reverse=True)
    if not counts:
        return False
    first, second = counts[0], counts[1] if len(counts) > 1 else 0.0
    match rule:
        case "beta":
            return beta_lead(first, second) >= confidence
        case "dirichlet":
            return dirichlet_lead([*counts, 0] if len(counts) == 1 else counts) >= confidence
        case "sprt":
            return sprt_decided(first, second, error=max(1 - confidence, 1e-9))
        case "window":
            return settled_window([one.answer.key if one.answer else None for one in candidates], window)
