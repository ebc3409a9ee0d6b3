"""Capability-aware sampling: the model says whether another try would do better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, affordable, sample, score, together
from passel.core.judgement import UNJUDGED, Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.prompts import follow_up
from passel.methods.parts.votes import highest

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
    """Samples in batches that double (1, 1, 2, 4, …), and stops when the model would not do better on a restart.

    After each sample the model is asked whether starting over would do better; the probability of "No" is the sample's
    score. Sampling ends when a score reaches the threshold; the answer is that of the highest score. With `prune`, each
    sample of a batch is begun with `after` tokens, the unfinished samples are scored in the same way, and that share of
    the batch is dropped. With `heat`, later batches have a higher temperature.

    Source: Manvi et al. 2024, Adaptive Inference-Time Compute: LLMs Can Predict if They Can Do Better, Even
    Mid-Generation (2410.02725).

    Args:
        n: samples at most; 16 in the paper.
        threshold: of the probability of "No"; ours.
        prune: share of each batch that is dropped unfinished; 0 is none, the paper prunes half to three quarters.
        after: tokens before a sample may be dropped; 64 and 128 in the paper.
        heat: added to the temperature of 1, over the n samples; the first has the model's own temperature. 0: all have.

    Cost: generate <= 2 * n, score <= 2 * n

    Guarantees: heuristic. In the paper the model is fine-tuned to answer the question; without that its answer may
    mean little.

    Deviations: the question is asked by prompt, not by a trained token. The paper does not give the annealing's form;
    here batch i has the temperature 1 + heat * (samples so far / n). A sample whose score is unknown counts as 0.

    >>> from passel.core.play import play
    >>> sure, unsure = Reply(scores=(math.log(0.05), math.log(0.95))), Reply(scores=(math.log(0.6), math.log(0.4)))
    >>> result = play(capability_aware(Problem("1", "2 + 2?"), key=Key()), ["5", unsure, "4", sure]).value
    >>> result.answer.text, result.confidence, len(result.candidates)
    ('4', 0.95, 2)
    """
    candidates: list[Candidate] = []
    requested, size, whole = 0, 1, True
    while whole and requested < n:
        size = min(size, n - requested)
        sampling = Sampling(temperature=1.0 + heat * requested / n) if heat and requested else Sampling()
        beginning = [_begun(problem, key, requested + i, sampling, after if prune else None) for i in range(size)]
        begun = yield from together(beginning)
        best = _best_begun([one for one in begun if one is not None], prune)
        completed = yield from together([_completed(problem, key, one, sampling) for one in best])
        new = [one for one, _ in completed if one is not None]
        candidates += new
        whole = all(one and one.paid for one in begun) and all(paid for _, paid in completed)
        if not candidates and not any(begun):
            raise OutOfBudget
        requested += size if whole else 0
        size = max(1, requested)
        if any((one.score or 0.0) >= threshold for one in new):
            break
    chosen = highest(candidates)
    confidence = chosen.score if chosen is not None else None
    return Result.of(chosen, candidates, whole=whole, confidence=confidence, info={"samples": requested})


@dataclass(frozen=True, slots=True)
class _Begun:
    """The beginning of a sample.

    Args:
        number: the sample's number. text: the text so far. tokens: completion tokens so far.
        score: the model's judgement of the unfinished sample. reply: the whole reply, if it has ended already.
        paid: whether the budget allowed the judgement.
    """

    number: int
    text: str
    tokens: int
    score: float
    reply: Reply | None
    paid: bool = True


def _begun(problem: Problem, key: Key, number: int, sampling: Sampling, after: int | None) -> Flow[_Begun | None]:
    """The beginning of a sample; None if the budget does not allow it. Without pruning it is the whole sample."""
    limits = sampling if after is None else replace(sampling, max_tokens=after)
    replies = yield from affordable(sample(problem.prompt, key=key, first=number, sampling=limits))
    if replies is None:
        return None
    (reply,) = replies
    tokens = reply.usage.completion_tokens
    if after is None or reply.stop != "length":
        return _Begun(number, reply.text, tokens, math.inf, reply)
    judgement = yield from affordable(_no_restart(problem, reply.text))
    if judgement is None:
        return _Begun(number, reply.text, tokens, 0.0, None, paid=False)
    return _Begun(number, reply.text, tokens, judgement.value or 0.0, None)


def _best_begun(begun: Sequence[_Begun], prune: float) -> list[_Begun]:
    """The beginnings that are not dropped, by number; at least one."""
    count = max(1, len(begun) - int(prune * len(begun)))
    best = sorted(begun, key=lambda one: (-one.score, one.number))[:count]
    return sorted(best, key=lambda one: one.number)


def _completed(problem: Problem, key: Key, begun: _Begun, sampling: Sampling) -> Flow[tuple[Candidate | None, bool]]:
    """The whole sample with its score, and whether the budget allowed both."""
    reply, prefix, tokens = begun.reply, "", 0
    if reply is None:
        prefix, tokens = begun.text, begun.tokens
        rest = sample(problem.prompt, key=key, first=begun.number, prefix=prefix, sampling=sampling)
        replies = yield from affordable(rest)
        if replies is None:
            return None, False
        (reply,) = replies
    whole = candidate(problem, reply, prefix)
    whole = replace(whole, tokens=whole.tokens + tokens)
    if whole.answer is None:
        return whole, True
    judgement = yield from affordable(_no_restart(problem, whole.text))
    return whole.judged(judgement), judgement is not None


def _no_restart(problem: Problem, text: str) -> Flow[Judgement]:
    """The probability of "No" to whether a restart would do better."""
    prompt = follow_up(problem.prompt, text, ASK)
    reply = yield from score(prompt, ("Yes", "No"), label="capability_aware")
    if not reply.ok or max(reply.scores, default=-math.inf) == -math.inf:
        return UNJUDGED
    peak = max(reply.scores)
    yes, no = (math.exp(logprob - peak) for logprob in reply.scores)
    return Judgement(round(no / (yes + no), 12))
