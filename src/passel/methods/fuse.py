"""Fusion: several samples made into one answer."""

from __future__ import annotations

from typing import Annotated

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result, candidate
from passel.methods.parts.fusing import fusion_prompt
from passel.methods.parts.votes import first_of, tally

__all__ = ["fuse"]


@needs(generator="text", fuser="text")
def fuse(
    problem: Problem, *, key: Key, n: Annotated[int, Log(1, 64)] = 5, k: Annotated[int, Log(1, 16)] = 1
) -> Flow[Result]:
    """Draws n samples, shows them to a fuser and takes its answer; of several fused texts the majority.

    Source: Jiang et al. 2023, LLM-Blender (2306.02561), GenFuser, by prompt as in the fuser of Archon, Saad-Falcon et
    al. 2024 (2409.15254).

    Args:
        n: samples; 5 is ours.
        k: fused texts; 1 in both papers.

    Cost: generate <= n + k

    Guarantees: heuristic. Unlike a vote it can give an answer that no sample gave.

    Deviations: the fuser is prompted, not trained; wording ours. Samples that failed or were cut are not shown. Where
    no fused text holds an answer, the majority of the samples is taken, and info["fused"] is false.

    >>> from passel.core.play import play
    >>> play(fuse(Problem("1", "2 + 2?"), key=Key(), n=2), ["5", "3", "4"]).value.answer.text
    '4'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    candidates = tuple(candidate(problem, reply) for reply in replies)
    texts = [one.text for one in candidates if one.stop == "end" and one.text.strip()]
    stop = "done" if len(replies) == n else "budget"
    fused = ()
    if texts:
        try:
            prompt = fusion_prompt(problem, texts)
            written = yield from sample_within(prompt, key=key / "fuse", n=k, role="fuser", label="fuse")
            fused = tuple(candidate(problem, reply) for reply in written)
            stop = stop if len(written) == k else "budget"
        except OutOfBudget:
            stop = "budget"
    chosen = first_of(fused, tally(fused))
    info = {"fused": chosen is not None}
    chosen = chosen or first_of(candidates, tally(candidates))
    if chosen is None:
        return Result(candidates=(*candidates, *fused), stop=stop, info=info)
    return Result(chosen.answer, chosen.text, None, (*candidates, *fused), stop, info)
