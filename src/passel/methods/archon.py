"""Archon: layers of generators, fusers, rankers, critics and verifiers, composed by an expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from passel.core.errors import OutOfBudget, UsageError
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Candidate, Result
from passel.methods.parts.layer_flows import LAYERS, Draft
from passel.methods.parts.layers import layers_of, most_passes
from passel.methods.parts.votes import first_of, tally

__all__ = ["archon"]

USUAL = {
    "generate": "generator",
    "fuse": "fuser",
    "rank": "judge",
    "critique": "critic",
    "verify": "verifier",
    "tests": "tester",
    "evaluate": "judge",
}


def roles_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The roles that an expression's components play: each needs texts."""
    layers = layers_of(str(options["layers"]))
    return {block.role or USUAL[block.kind]: "text" for layer in layers for block in layer.blocks}


@needs(generator="text", also=roles_of)
def archon(
    problem: Problem, *, key: Key, layers: str = "generate(8) | critique | rank(3) | fuse", passes: int = 64
) -> Flow[Result]:
    """Sends candidates through layers, each of which makes, merges, orders or drops some.

    generate(n, role=R): n samples; several stand side by side with +. fuse(n): n responses made of all. rank(k): the k
    best of one listing. critique: strengths and weaknesses of each, which rank and fuse then see. verify: those that a
    chain of reasons finds right. tests(t) | evaluate(k): t checks are written, the k that pass most of them are kept.
    The first layer generates, and only it does; a critique stands before a rank or a fuse; tests before evaluate.

    Source: Saad-Falcon et al. 2024, Archon: An Architecture Search Framework for Inference-Time Techniques
    (2409.15254); components and rules after its public code.

    Args:
        layers: the expression, or a file FILE.toml with an array `layer` of tables (kind, count, role, or blocks). In a
            list of methods it may hold commas inside brackets. The default is ours.
        passes: passes at most; an expression that can take more is refused with the number it needs. Ours, so that a
            typing error is not paid for.

    Cost: generate <= passes

    Guarantees: heuristic. An expression that breaks a rule is refused before anything is spent.

    Deviations: verify asks once for reasons and a verdict (`genrm`), where the code asks twice; rank lists all at once
    (`listwise`), where the paper also compares pairs. The last layer may leave several: after rank, evaluate or fuse
    the first that holds an answer is taken, else the majority. When the budget ends it, the drafts so far decide.

    >>> from passel.core.play import play
    >>> flow = archon(Problem("1", "2 + 2?"), key=Key(), layers="generate(2) | rank(1)")
    >>> play(flow, ["5", "4", "[2] > [1]"]).value.answer.text
    '4'
    """
    plan = layers_of(layers)
    if most_passes(plan) > passes:
        raise UsageError(f"these layers can take {most_passes(plan)} passes: set passes to that, or make them smaller")
    drafts: list[Draft] = []
    stop, widths = "done", list[int]()
    for number, layer in enumerate(plan):
        own = key if number == 0 else key / "layer" / number
        try:
            drafts, whole = yield from LAYERS[layer.kind](problem, drafts, layer, own)
        except OutOfBudget:
            if number == 0:
                raise
            stop = "budget"
            break
        stop = stop if whole else "budget"
        widths.append(len(drafts))
        if not drafts:
            break
    return _result(problem, drafts, plan[len(widths) - 1].kind, stop, {"widths": widths})


def _result(problem: Problem, drafts: Sequence[Draft], last: str, stop: str, info: dict[str, Any]) -> Result:
    candidates = tuple(Candidate(one.text, problem.read(one.text)) for one in drafts)
    answered = [one for one in candidates if one.answer is not None]
    ordered = last in ("rank", "evaluate", "fuse")
    chosen = next(iter(answered), None) if ordered else first_of(answered, tally(answered))
    ended = "budget" if stop == "budget" else "done"
    if chosen is None:
        return Result(candidates=candidates, stop=ended, info=info)
    return Result(chosen.answer, chosen.text, None, candidates, ended, info)
