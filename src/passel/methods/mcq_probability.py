"""Multiple choice by the probability of each letter, with or without reasoning before it."""

from __future__ import annotations

import math
from typing import Annotated

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample_within, score
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.votes import first_of, tally

__all__ = ["mcq_probability"]

CUE = "The answer is ("


@needs(generator="text prefix score")
def mcq_probability(
    problem: Problem, *, key: Key, reason: bool = True, n: Annotated[int, Log(1, 64)] = 1
) -> Flow[Result]:
    """The letter to which the model gives the highest probability where its answer would stand.

    Without reasoning that is the beginning of its reply; with it, behind each of n reasonings, and the probabilities
    are averaged over them. The highest one is the confidence. Reasoning makes models surer, of wrong answers too.

    Source: Fu et al. 2025, Multiple Choice Questions: Reasoning Makes Large Language Models (LLMs) More Self-Confident
    Even When They Are Wrong (2501.09775); details after its public code (LogProb.py, AnalyseData.py).

    Args:
        reason: whether the model reasons first.
        n: reasonings; 1 in the paper.

    Cost: generate <= n, score <= n

    Guarantees: heuristic.

    Deviations: the letters' probabilities are scaled to sum to 1; the code drops items where they sum to less than a
    half, which info["mass"] tells. A problem without options is answered by the vote of the n samples.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.core.problem import Answer
    >>> letters = Problem("1", "2 + 2?", read=lambda text: Answer(text[-2], text[-2]), options=("3", "4"))
    >>> result = play(mcq_probability(letters, key=Key(), reason=False), [Reply(scores=(-3.0, -0.1))]).value
    >>> result.answer.text, round(result.confidence, 2)
    ('B', 0.95)
    """
    letters = [chr(ord("A") + place) for place in range(len(problem.options))]
    replies = (yield from sample_within(problem.prompt, key=key, n=n)) if reason or not letters else []
    drawn = [candidate(problem, reply) for reply in replies]
    short = bool(replies) and len(replies) < n
    if not letters:
        return _voted(drawn, short)
    starts = [_before_answer(one) for one in drawn if one.stop == "end"] if reason else [CUE]
    found: list[tuple[str, dict[str, float], float]] = []
    for start in starts:
        try:
            reply = yield from score(problem.prompt, letters, prefix=start, role="generator", label="letters")
        except OutOfBudget:
            if not found and not replies:
                raise
            short = True
            break
        if reply.ok and max(reply.scores, default=-math.inf) > -math.inf:
            found.append((start, *_shares(letters, reply.scores)))
    return _chosen(problem, drawn, found, short)


def _before_answer(one: Candidate) -> str:
    """The reasoning up to where it names its answer, and the cue for the letter."""
    place = one.text.lower().rfind("the answer is")
    return f"{one.text[:place] if place >= 0 else one.text.rstrip() + chr(10)}{CUE}"


def _shares(letters: list[str], scores: tuple[float, ...]) -> tuple[dict[str, float], float]:
    chances = [math.exp(logprob) for logprob in scores]
    mass = sum(chances)
    peak = max(scores)
    scaled = [math.exp(logprob - peak) for logprob in scores]
    return {letter: one / sum(scaled) for letter, one in zip(letters, scaled, strict=True)}, min(mass, 1.0)


def _chosen(
    problem: Problem, drawn: list[Candidate], found: list[tuple[str, dict[str, float], float]], short: bool
) -> Result:
    if not found:
        return _voted(drawn, short)
    mean = {letter: sum(shares[letter] for _, shares, _ in found) / len(found) for letter in found[0][1]}
    letter = max(mean, key=mean.__getitem__)
    start = max(found, key=lambda one: one[1][letter])[0]
    text = f"{start}{letter})"
    answer = problem.read(text)
    info = {"probabilities": mean, "mass": sum(mass for _, _, mass in found) / len(found)}
    stop = "budget" if short else "done"
    return Result(answer, text, mean[letter], tuple(drawn), stop, info)


def _voted(drawn: list[Candidate], short: bool) -> Result:
    chosen = first_of(drawn, tally(drawn))
    stop = "budget" if short else "done"
    if chosen is None:
        return Result(candidates=tuple(drawn), stop=stop)
    return Result(chosen.answer, chosen.text, None, tuple(drawn), stop)
