"""Generative verification: s solutions, each with v verifications."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.options import configured
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.votes import first_of, tally
from passel.verifiers import scores_of
from passel.verifiers.genrm import genrm

__all__ = ["genrm_best_of"]


@needs(generator="text", verifier="text")
def genrm_best_of(
    problem: Problem,
    *,
    key: Key,
    s: Annotated[int, Log(1, 256)] = 16,
    v: Annotated[int, Log(1, 32)] = 4,
    weighted: bool = False,
) -> Flow[Result]:
    """The best of s solutions by the share of their v verification chains that find them correct.

    What it takes, in units of one solution, is s * (1 + lambda * v), where lambda is the length of a verification over
    that of a solution. At a small budget solving more beats verifying: the paper finds up to 8 times the compute of a
    vote where it begins to match one, and s growing faster than v after that.

    Source: Singhi et al. 2025, When To Solve, When To Verify (2504.01005); verifier: Zhang et al. 2024 (2408.15240).

    Symbols: S -> s; V -> v; r_i -> the candidate's score.

    Args:
        s: solutions; the paper goes to 256. 16 is ours.
        v: verifications of each; the paper goes to 32. 4 is ours.
        weighted: votes weighted by score decide, in place of the best score.

    Cost: generate <= s + s * v

    Guarantees: heuristic; no better than the verifier.

    Deviations: solutions without an answer are not verified (the paper's code gives invalid answers 0). Ties go to the
    first; the paper's estimate averages over shuffled ties. Without any usable verdict the majority answer is taken.

    >>> from passel.core.play import play
    >>> flow = genrm_best_of(Problem("1", "2 + 2?"), key=Key(), s=2, v=1)
    >>> play(flow, ["5", "4", "Wrong. Verdict: No", "Right. Verdict: Yes"]).value.answer.text
    '4'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=s)
    drawn = [candidate(problem, reply) for reply in replies]
    texts = {index: one.text for index, one in enumerate(drawn) if one.answer is not None}
    scores, paid = yield from scores_of(configured(genrm, {"m": v}), problem, texts, key=key)
    candidates = tuple(replace(one, score=scores.get(index)) for index, one in enumerate(drawn))
    stop = "done" if paid and len(replies) == s else "budget"
    chosen = _choose(candidates, weighted=weighted)
    if chosen is None:
        return Result(candidates=candidates, stop=stop)
    return Result(chosen.answer, chosen.text, chosen.score, candidates, stop)


def _choose(candidates: tuple[Candidate, ...], *, weighted: bool) -> Candidate | None:
    scored = [one for one in candidates if one.score is not None]
    if not scored:
        return first_of(candidates, tally(candidates))
    if weighted:
        return first_of(scored, tally(scored, [one.score or 0.0 for one in scored]))
    return max(scored, key=lambda one: one.score or 0.0)
