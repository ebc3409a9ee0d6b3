"""Capability-aware sampling: the model says whether another try would do better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample, score, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.prompts import follow_up
from passel.methods.parts.votes import first_of, tally

__all__ = ["capability_aware"]

ASK = "Would you do better if you started over? Reply with one word, Yes or No."


@needs(generator="text prefix", verifier="score")
def capability_aware(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 16,
    threshold: Annotated[float, Linear(0.0, 1.0)] = 0.9,
    prune: Annotated[float, Linear(0.0, 0.99)] = 0.0,
    after: Annotated[int, Log(1, 1024)] = 64,
    heat: Annotated[float, Linear(0.0, 2.0)] = 0.0,
) -> Flow[Result]:
    """Draws in batches that double (1, 1, 2, 4, …), and stops when the model would not do better on a restart.

    After each sample it is asked whether starting over would do better; the probability of "No" is the sample's score.
    Sampling ends when a score reaches the threshold; the answer is that of the highest score. With `prune`, each sample
    of a batch is begun by `after` tokens, scored half-written in the same way, and that share of the batch is dropped.
    With `heat`, later batches are drawn hotter.

    Source: Manvi et al. 2024, Adaptive Inference-Time Compute: LLMs Can Predict if They Can Do Better, Even
    Mid-Generation (2410.02725).

    Args:
        n: samples at most; 16 in the paper.
        threshold: of the probability of "No"; ours.
        prune: share of each batch dropped half-written; 0 is none, the paper prunes half to three quarters.
        after: tokens before a sample may be dropped; 64 and 128 in the paper.
        heat: added to the temperature of 1, over the n samples; the first is drawn as the model is set. 0 leaves it.

    Cost: generate <= 2 * n, score <= 2 * n

    Guarantees: heuristic. In the paper the model is fine-tuned to answer the question; without that its answer may
    mean little.

    Deviations: asked by prompt, not by a trained token. The paper does not give the annealing's form; here batch i is
    drawn at temperature 1 + heat * (samples so far / n). A sample whose score is unknown counts as 0.

    >>> from passel.core.play import play
    >>> sure, unsure = Reply(scores=(math.log(0.05), math.log(0.95))), Reply(scores=(math.log(0.6), math.log(0.4)))
    >>> result = play(capability_aware(Problem("1", "2 + 2?"), key=Key()), ["5", unsure, "4", sure]).value
    >>> result.answer.text, result.confidence, len(result.candidates)
    ('4', 0.95, 2)
    """
    candidates: list[Candidate] = []
    drawn, size, stop = 0, 1, "done"
    while drawn < n:
        size = min(size, n - drawn)
        warmth = Sampling(temperature=1.0 + heat * drawn / n) if heat and drawn else Sampling()
        flows = [_begun(problem, key, drawn + i, warmth, after if prune else None) for i in range(size)]
        begun = yield from together(flows)
        kept = _kept([one for one in begun if one is not None], prune)
        ended = yield from together([_ended(problem, key, one, warmth) for one in kept])
        new = [one for one, _ in ended if one is not None]
        candidates += new
        if not all(one and one.paid for one in begun) or not all(paid for _, paid in ended):
            if not candidates and not any(begun):
                raise OutOfBudget
            stop = "budget"
            break
        drawn += size
        size = max(1, drawn)
        if any((one.score or 0.0) >= threshold for one in new):
            break
    return _result(candidates, drawn, stop)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A sample's beginning: its draw's number, its text, what it took, the model's view of it half-written, its reply
    if it is whole already, and whether the budget allowed that view."""

    number: int
    text: str
    tokens: int
    score: float
    reply: Reply | None
    paid: bool = True


def _begun(problem: Problem, key: Key, number: int, warmth: Sampling, after: int | None) -> Flow[_Begun | None]:
    """None where the budget does not allow it. Without pruning the sample is drawn whole."""
    sampling = warmth if after is None else replace(warmth, max_tokens=after)
    try:
        (reply,) = yield from sample(problem.prompt, key=key, first=number, sampling=sampling)
    except OutOfBudget:
        return None
    tokens = reply.usage.completion_tokens
    if after is None or reply.stop != "length":
        return _Begun(number, reply.text, tokens, math.inf, reply)
    try:
        sure = yield from _sure(problem, reply.text)
    except OutOfBudget:
        return _Begun(number, reply.text, tokens, 0.0, None, paid=False)
    return _Begun(number, reply.text, tokens, sure or 0.0, None)


def _kept(begun: Sequence[_Begun], prune: float) -> list[_Begun]:
    """Those that are not dropped, in draw order; at least one."""
    count = max(1, len(begun) - int(prune * len(begun)))
    best = sorted(begun, key=lambda one: (-one.score, one.number))[:count]
    return sorted(best, key=lambda one: one.number)


def _ended(problem: Problem, key: Key, begun: _Begun, warmth: Sampling) -> Flow[tuple[Candidate | None, bool]]:
    """The whole sample with its score, and whether the budget allowed both."""
    reply, prefix, tokens = begun.reply, "", 0
    if reply is None:
        prefix, tokens = begun.text, begun.tokens
        try:
            (reply,) = yield from sample(problem.prompt, key=key, first=begun.number, prefix=prefix, sampling=warmth)
        except OutOfBudget:
            return None, False
    one = candidate(problem, reply, prefix)
    one = replace(one, tokens=one.tokens + tokens)
    if one.answer is None:
        return one, True
    try:
        sure = yield from _sure(problem, one.text)
    except OutOfBudget:
        return one, False
    return replace(one, score=sure), True


def _sure(problem: Problem, text: str) -> Flow[float | None]:
    """The probability of "No" to whether a restart would do better."""
    prompt = follow_up(problem.prompt, text, ASK)
    reply = yield from score(prompt, ("Yes", "No"), label="capability_aware")
    if not reply.ok or max(reply.scores, default=-math.inf) == -math.inf:
        return None
    peak = max(reply.scores)
    yes, no = (math.exp(logprob - peak) for logprob in reply.scores)
    return round(no / (yes + no), 12)


def _result(candidates: Sequence[Candidate], drawn: int, stop: str) -> Result:
    ended = "budget" if stop == "budget" else "done"
    scored = [one for one in candidates if one.score is not None and one.answer is not None]
    chosen = max(scored, key=lambda one: one.score or 0.0) if scored else first_of(candidates, tally(candidates))
    info = {"drawn": drawn}
    if chosen is None:
        return Result(candidates=tuple(candidates), stop=ended, info=info)
    return Result(chosen.answer, chosen.text, chosen.score, tuple(candidates), ended, info)
