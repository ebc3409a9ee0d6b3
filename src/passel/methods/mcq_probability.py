"""Multiple choice by the probability of each option's letter, with or without reasoning before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from passel.core.flow import Flow, affordable, sample_within, score
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.votes import majority

__all__ = ["mcq_probability"]

CUE = "The answer is ("


@needs(generator="text prefix score")
def mcq_probability(
    problem: Problem, *, key: Key, reason: bool = True, n: Annotated[int, Log(1, 64)] = 1
) -> Flow[Result]:
    """The option letter that the model gives the highest probability in the place of the answer.

    Without reasoning that place is the beginning of the reply. With reasoning it is behind each of n reasonings, and
    the probabilities are averaged over them. The highest mean is the confidence. Reasoning makes models surer, of wrong
    answers too.

    Source: Fu et al. 2025, Multiple Choice Questions: Reasoning Makes Large Language Models (LLMs) More Self-Confident
    Even When They Are Wrong (2501.09775); details after its public code (LogProb.py, AnalyseData.py).

    Args:
        reason: whether the model reasons first.
        n: reasonings; 1 in the paper.

    Cost: generate <= n, score <= n

    Guarantees: heuristic.

    Deviations: the letters' probabilities are scaled to sum to 1; the code drops items where they sum to less than a
    half, which info["mass"] reports. A problem without options is answered by the vote of the n samples.

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
    reasonings = [candidate(problem, reply) for reply in replies]
    whole = not replies or len(replies) == n
    if not letters:
        return Result.of(majority(reasonings), reasonings, whole=whole)
    starts = [_before_answer(one) for one in reasonings if one.stop == "end"] if reason else [CUE]
    rows: list[_Row] = []
    for start in starts:
        scoring = score(problem.prompt, letters, prefix=start, role="generator", label="letters")
        reply = yield from affordable(scoring, or_raise=not rows and not replies)
        if reply is None:
            whole = False
            break
        if reply.ok and max(reply.scores, default=-math.inf) > -math.inf:
            rows.append(_Row(start, *_shares(letters, reply.scores)))
    return _chosen(problem, reasonings, rows, whole=whole)


@dataclass(frozen=True, slots=True)
class _Row:
    """The letters' probabilities behind one text.

    Args:
        start: the text. shares: the probability of each letter, scaled to sum to 1. mass: their sum before that.
    """

    start: str
    shares: dict[str, float]
    mass: float


def _before_answer(reasoning: Candidate) -> str:
    """The reasoning up to where it names its answer, and the cue for the letter."""
    place = reasoning.text.lower().rfind("the answer is")
    return f"{reasoning.text[:place] if place >= 0 else reasoning.text.rstrip() + chr(10)}{CUE}"


def _shares(letters: list[str], scores: tuple[float, ...]) -> tuple[dict[str, float], float]:
    mass = sum(math.exp(logprob) for logprob in scores)
    peak = max(scores)
    scaled = [math.exp(logprob - peak) for logprob in scores]
    return {letter: share / sum(scaled) for letter, share in zip(letters, scaled, strict=True)}, min(mass, 1.0)


def _chosen(problem: Problem, reasonings: list[Candidate], rows: list[_Row], *, whole: bool) -> Result:
    if not rows:
        return Result.of(majority(reasonings), reasonings, whole=whole)
    mean = {letter: sum(row.shares[letter] for row in rows) / len(rows) for letter in rows[0].shares}
    letter = max(mean, key=mean.__getitem__)
    text = f"{max(rows, key=lambda row: row.shares[letter]).start}{letter})"
    info = {"probabilities": mean, "mass": sum(row.mass for row in rows) / len(rows)}
    chosen = Candidate(text, problem.read(text))
    return Result.of(chosen, reasonings, whole=whole, confidence=mean[letter], info=info)
