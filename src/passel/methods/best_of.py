"""Best of n: the sample that a verifier likes most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.votes import first_of, tally
from passel.verifiers import Chosen, judged
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

    Every sample that holds an answer is scored, on its own or (by a ranker) against the others. With `weighted`, scores
    are added up over the samples with the same answer and the heaviest answer wins.

    Source: Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems (2110.14168), section 4.2; weighted:
    Li et al. 2022 (2206.02336), section 3.2, as best-of-N weighted in Snell et al. 2024 (2408.03314), section 5.1.

    Symbols: N -> n.

    Args:
        n: samples. Cobbe et al. use 100, Snell et al. 4 to 256; 16 is our default.
        verifier: what scores the texts; a name in `verifiers/`, an entry point or `path.py:function`. Its own options
            are set by dots: `best_of:verifier=genrm:verifier.m=8`.
        weighted: add scores up by answer. Needs scores that are at least 0.

    Cost: generate = n, verifier <= n

    Guarantees: heuristic; no better than its verifier.

    Deviations: a sample without an answer, or that the verifier could not score, is never chosen over one that has a
    score; if none has a score the majority answer is taken. Ties go to the first. When the budget ends it, it chooses
    among what was drawn and scored.

    >>> from passel.core.play import play
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = best_of(Problem("1", "2 + 2?"), key=Key(), n=2, verifier=arithmetic)
    >>> play(flow, ["2+2=5", "2+2=4"]).value.text
    '2+2=4'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    drawn = [candidate(problem, reply) for reply in replies]
    answered = {index: one.text for index, one in enumerate(drawn) if one.answer is not None}
    judgements, paid = yield from judged(verifier, problem, answered, key=key)
    candidates = [sample.judged(judgements.get(index)) for index, sample in enumerate(drawn)]
    return Result.of(_choose(candidates, weighted=weighted), candidates, whole=paid and len(replies) == n)


def _choose(candidates: Sequence[Candidate], *, weighted: bool) -> Candidate | None:
    scored = [one for one in candidates if one.score is not None and one.answer is not None]
    if not scored:
        return first_of(candidates, tally(candidates))
    if weighted:
        return first_of(scored, tally(scored, [one.score or 0.0 for one in scored]))
    return max(scored, key=lambda one: one.score or 0.0)
