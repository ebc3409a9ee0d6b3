"""Mixture of agents: layers of proposers that see the layer before, and an aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from passel.core.ask import Generate, Prompt
from passel.core.errors import UsageError
from passel.core.flow import Flow, affordable, sample, sample_within, within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.fusing import fusion_prompt
from passel.methods.parts.votes import majority

__all__ = ["mixture_of_agents"]


def roles_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The agents' roles: each needs a model that generates text."""
    return dict.fromkeys(_names(str(options["agents"])), "text")


@needs(generator="text", fuser="text", also=roles_of)
def mixture_of_agents(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 32)] = 6,
    layers: Annotated[int, Log(1, 6)] = 3,
    agents: str = "",
) -> Flow[Result]:
    """An aggregator's answer from layers of proposers, each of which sees the responses of the layer before it.

    Source: Wang et al. 2024, Mixture-of-Agents Enhances Large Language Model Capabilities (2406.04692).

    Args:
        n: proposers of a layer; 6 in the paper.
        layers: layers, the last of which is the aggregator's; 3 in the paper. With 1 there is no proposer and it is a
            single sample.
        agents: roles that propose in turn, joined by +, such as agents=a+b with --role a=SPEC --role b=SPEC. Default:
            all are samples of the generator, the paper's single-proposer setting.

    Cost: generate <= n * (layers - 1) + 1

    Guarantees: heuristic.

    Deviations: the wording is ours. Responses that failed or were truncated are not passed on. If the aggregator's
    response has no answer, the majority of the last layer that has one is taken, and info["aggregated"] is false.

    >>> from passel.core.play import play
    >>> flow = mixture_of_agents(Problem("1", "2 + 2?"), key=Key(), n=2, layers=2)
    >>> play(flow, ["5", "4", "4"]).value.answer.text
    '4'
    """
    proposals: list[Candidate] = []
    last: list[Candidate] = []
    whole = True
    roles = _names(agents) or ["generator"]
    for layer in range(layers - 1):
        proposing = _propose(fusion_prompt(problem, [one.text for one in last]), key, layer, n, roles)
        replies = (yield from affordable(proposing, or_raise=not proposals)) or []
        new = [candidate(problem, reply) for reply in replies]
        proposals += new
        last = [one for one in new if one.stop == "end" and one.text.strip()] or last
        whole = len(replies) == n
        if not whole:
            break
    aggregates: list[Candidate] = []
    if whole:
        aggregation = _aggregate(fusion_prompt(problem, [one.text for one in last]), key, layers)
        replies = yield from affordable(aggregation, or_raise=not proposals)
        aggregates = [candidate(problem, reply) for reply in replies or []]
        whole = replies is not None
    best = majority(aggregates)
    chosen = best or majority(last) or majority(proposals)
    info = {"aggregated": best is not None}
    return Result.of(chosen, [*proposals, *aggregates], whole=whole, info=info)


def _propose(prompt: Prompt, key: Key, layer: int, n: int, roles: list[str]) -> Flow[list[Reply]]:
    """The proposals of a layer, by role in turn; all methods share the samples of the first layer.

    Samples are numbered across the roles, since two roles played by the same model would otherwise get equal samples.
    """
    layer_key = key / "layer" / layer if layer else key
    if len(roles) == 1:
        return (yield from sample_within(prompt, key=layer_key, n=n, role=roles[0]))
    return (yield from within([Generate(prompt, layer_key / "draw" / i, role=roles[i % len(roles)]) for i in range(n)]))


def _aggregate(prompt: Prompt, key: Key, layers: int) -> Flow[list[Reply]]:
    """The aggregator's reply; without layers of proposers, a plain sample."""
    if layers == 1:
        return (yield from sample(prompt, key=key, label="aggregate"))
    return (yield from sample(prompt, key=key / "aggregate", role="fuser", label="aggregate"))


def _names(agents: str) -> list[str]:
    names = [name.strip() for name in agents.split("+")] if agents.strip() else []
    for name in names:
        if not name.isidentifier():
            raise UsageError(f"mixture_of_agents: agents are names of roles joined by +, such as a+b, got {name!r}")
    return names
