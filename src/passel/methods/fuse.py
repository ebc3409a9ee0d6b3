"""Fusion: several samples made into one answer."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow, affordable, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.fusing import fusion_prompt
from passel.methods.parts.votes import majority

__all__ = ["fuse"]


@needs(generator="text", fuser="text")
def fuse(
    problem: Problem, *, key: Key, n: Annotated[int, Log(1, 64)] = 5, k: Annotated[int, Log(1, 16)] = 1
) -> Flow[Result]:
    """Takes n samples, shows them to a fuser and takes its answer; of several fused texts the majority.

    Source: Jiang et al. 2023, LLM-Blender (2306.02561), GenFuser, by prompt as in the fuser of Archon, Saad-Falcon et
    al. 2024 (2409.15254).

    Args:
        n: samples; 5 is ours.
        k: fused texts; 1 in both papers.

    Cost: generate <= n + k

    Guarantees: heuristic. Unlike a vote it can give an answer that no sample gave.

    Deviations: the fuser is prompted, not trained; the wording is ours. Samples that failed or were truncated are not
    shown. If no fused text has an answer, the majority of the samples is taken, and info["fused"] is false.

    >>> from passel.core.play import play
    >>> play(fuse(Problem("1", "2 + 2?"), key=Key(), n=2), ["5", "3", "4"]).value.answer.text
    '4'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    candidates = [candidate(problem, reply) for reply in replies]
    texts = [one.text for one in candidates if one.stop == "end" and one.text.strip()]
    whole, fused = len(replies) == n, list[Candidate]()
    if texts:
        prompt = fusion_prompt(problem, texts)
        fusion = sample_within(prompt, key=key / "fuse", n=k, role="fuser", label="fuse")
        fused = [candidate(problem, reply) for reply in (yield from affordable(fusion)) or []]
        whole = whole and len(fused) == k
    best = majority(fused)
    info = {"fused": best is not None}
    return Result.of(best or majority(candidates), [*candidates, *fused], whole=whole, info=info)
