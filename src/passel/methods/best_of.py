"""Best of n: the sample with the highest verifier score."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result, candidate
from passel.methods.parts.judging import all_judged
from passel.methods.parts.votes import highest
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["best_of"]


@needs(generator="text")
def best_of(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 16,
    verifier: Chosen = self_evaluation,
    weighted: bool = False,
) -> Flow[Result]:
    """The answer of the sample with the highest verifier score, of n samples.

    Every sample that has an answer is scored, by itself or (by a ranker) against the others. With `weighted`, the
    scores of samples with the same answer are added up, and the heaviest answer wins.

    Source: Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems (2110.14168), section 4.2; weighted:
    Li et al. 2022 (2206.02336), section 3.2, as best-of-N weighted in Snell et al. 2024 (2408.03314), section 5.1.

    Symbols: N -> n.

    Args:
        n: samples. Cobbe et al. use 100, Snell et al. 4 to 256; 16 is our default.
        verifier: scores the samples; a name in `verifiers/`, an entry point or `path.py:function`. Its own options are
            set with dots: `best_of:verifier=genrm:verifier.m=8`.
        weighted: add scores up by answer. It needs scores that are at least 0.

    Cost: generate = n, verifier <= n

    Guarantees: heuristic; no better than its verifier.

    Deviations: a sample without an answer, or without a score, is never chosen over a sample with a score; if no sample
    has a score, the majority answer is taken. Ties go to the first. When the budget ends it, it chooses among the
    samples that were paid for and scored.

    >>> from passel.core.play import play
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = best_of(Problem("1", "2 + 2?"), key=Key(), n=2, verifier=arithmetic)
    >>> play(flow, ["2+2=5", "2+2=4"]).value.text
    '2+2=4'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    samples = [candidate(problem, reply) for reply in replies]
    candidates, paid = yield from all_judged(verifier, problem, samples, key=key)
    return Result.of(highest(candidates, weighted=weighted), candidates, whole=paid and len(replies) == n)
