"""Generative verification: s solutions, with v verifications of each."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.options import configured
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result, candidate
from passel.methods.parts.judging import all_judged
from passel.methods.parts.votes import highest
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

    The cost, in units of a solution, is s * (1 + lambda * v), where lambda is the length of a verification over that of
    a solution. At a small budget solving more beats verifying: the paper finds that it begins to match a vote at up to
    8 times the vote's compute, and that s should grow faster than v after that.

    Source: Singhi et al. 2025, When To Solve, When To Verify (2504.01005); verifier: Zhang et al. 2024 (2408.15240).

    Symbols: S -> s; V -> v; r_i -> the candidate's score.

    Args:
        s: solutions; the paper goes to 256. 16 is ours.
        v: verifications of each solution; the paper goes to 32. 4 is ours.
        weighted: choose by votes weighted by score, in place of the best score.

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
    samples = [candidate(problem, reply) for reply in replies]
    candidates, paid = yield from all_judged(configured(genrm, {"m": v}), problem, samples, key=key)
    chosen = highest(candidates, weighted=weighted)
    confidence = chosen.score if chosen is not None else None
    return Result.of(chosen, candidates, whole=paid and len(replies) == s, confidence=confidence)
