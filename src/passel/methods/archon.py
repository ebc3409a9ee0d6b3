"""Archon: layers of generators, fusers, rankers, critics and verifiers, composed by an expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from passel.core.errors import UsageError
from passel.core.flow import Flow, affordable
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Candidate, Result
from passel.methods.parts.layer_flows import LAYERS, Response
from passel.methods.parts.layers import layers_of, max_passes
from passel.methods.parts.votes import majority

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
    """The roles that an expression's components play: each needs a model that generates text."""
    layers = layers_of(str(options["layers"]))
    return {block.role or USUAL[block.kind]: "text" for layer in layers for block in layer.blocks}


@needs(generator="text", also=roles_of)
def archon(
    problem: Problem, *, key: Key, layers: str = "generate(8) | critique | rank(3) | fuse", passes: int = 64
) -> Flow[Result]:
    """Sends responses through layers, each of which generates, merges, orders or drops some.

    generate(n, role=R): n samples; several generators can be joined by +. fuse(n): n responses made of all. rank(k):
    the k best of one listing. critique: strengths and weaknesses of each, which rank and fuse then see. verify: the
    responses that a chain of reasons finds right. tests(t) | evaluate(k): t checks are written, and the k responses
    that pass most of them are kept. The first layer generates, and only it does; a critique comes before a rank or a
    fuse; tests before evaluate.

    Source: Saad-Falcon et al. 2024, Archon: An Architecture Search Framework for Inference-Time Techniques
    (2409.15254); components and rules after its public code.

    Args:
        layers: the expression, or a file FILE.toml with an array `layer` of tables (kind, count, role, or blocks). In a
            list of methods it may hold commas inside brackets. The default is ours.
        passes: passes at most; an expression that can take more is refused with the number it needs. Ours, so that a
            typing error is not paid for.

    Cost: generate <= passes

    Guarantees: heuristic. An expression that breaks a rule is refused before anything is spent.

    Deviations: verify requests reasons and a verdict once (`genrm`), where the code makes two requests; rank lists all
    at once (`listwise`), where the paper also compares pairs. The last layer may leave several responses: after rank,
    evaluate or fuse the first that has an answer is taken, else the majority. When the budget ends it, the responses
    so far decide.

    >>> from passel.core.play import play
    >>> flow = archon(Problem("1", "2 + 2?"), key=Key(), layers="generate(2) | rank(1)")
    >>> play(flow, ["5", "4", "[2] > [1]"]).value.answer.text
    '4'
    """
    plan = layers_of(layers)
    if max_passes(plan) > passes:
        raise UsageError(f"these layers can take {max_passes(plan)} passes: set passes to that, or make them smaller")
    responses: list[Response] = []
    whole, widths = True, list[int]()
    for number, layer in enumerate(plan):
        running = LAYERS[layer.kind](problem, responses, layer, key / "layer" / number if number else key)
        ran = yield from affordable(running, or_raise=number == 0)
        if ran is None:
            whole = False
            break
        responses, paid = ran
        whole = whole and paid
        widths.append(len(responses))
        if not responses:
            break
    candidates = [Candidate(one.text, problem.read(one.text)) for one in responses]
    answered = [one for one in candidates if one.answer is not None]
    ordered = plan[len(widths) - 1].kind in ("rank", "evaluate", "fuse")
    chosen = next(iter(answered), None) if ordered else majority(answered)
    return Result.of(chosen, candidates, whole=whole, info={"widths": widths})
