"""Best of n: the sample that a verifier likes most."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, draw_within, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.votes import first_of, tally
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

    Every sample that holds an answer is scored on its own. With `weighted`, scores are added up over the samples with
    the same answer and the heaviest answer wins.

    Source: Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems (2110.14168), section 4.2; weighted:
    Li et al. 2022 (2206.02336), section 3.2, as best-of-N weighted in Snell et al. 2024 (2408.03314), section 5.1.

    Symbols: N -> n.

    Args:
        n: samples. Cobbe et al. use 100, Snell et al. 4 to 256; 16 is our default.
        verifier: what scores a text; a name in `verifiers/`, an entry point or `path.py:function`.
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
    replies = yield from draw_within(problem.prompt, key=key, n=n)
    drawn = [candidate(problem, reply) for reply in replies]
    stop = "done" if len(replies) == n else "budget"
    answered = [index for index, one in enumerate(drawn) if one.answer is not None]
    judged = [_judge(verifier(problem, drawn[index].text, key=key / "verify" / index)) for index in answered]
    scores: list[float | None] = [None] * len(drawn)
    for index, (score, paid) in zip(answered, (yield from together(judged)), strict=True):
        scores[index] = score
        stop = stop if paid else "budget"
    candidates = tuple(replace(one, score=score) for one, score in zip(drawn, scores, strict=True))
    chosen = _choose(candidates, weighted=weighted)
    if chosen is None:
        return Result(candidates=candidates, stop=stop)
    return Result(chosen.answer, chosen.text, None, candidates, stop)


def _judge(judgement: Flow[float | None]) -> Flow[tuple[float | None, bool]]:
    """Its score, and whether the budget allowed it: one that does not fit leaves the others theirs."""
    try:
        return (yield from judgement), True
    except OutOfBudget:
        return None, False


def _choose(candidates: tuple[Candidate, ...], *, weighted: bool) -> Candidate | None:
    scored = [one for one in candidates if one.score is not None and one.answer is not None]
    if not scored:
        return first_of(candidates, tally(candidates))
    if weighted:
        return first_of(scored, tally(scored, [one.score or 0.0 for one in scored]))
    return max(scored, key=lambda one: one.score or 0.0)
