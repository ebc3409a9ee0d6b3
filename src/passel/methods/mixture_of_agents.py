"""Mixture of agents: layers of proposers who see the layer before, and an aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from passel.core.ask import Generate, Prompt
from passel.core.errors import OutOfBudget, UsageError
from passel.core.flow import Flow, sample, sample_within, within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.fusing import fusion_prompt
from passel.methods.parts.votes import first_of, tally

__all__ = ["mixture_of_agents"]


def roles_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The agents' roles: each needs texts."""
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
    """An aggregator's answer from layers of proposers, each of which sees what the layer before it said.

    Source: Wang et al. 2024, Mixture-of-Agents Enhances Large Language Model Capabilities (2406.04692).

    Args:
        n: proposers of a layer; 6 in the paper.
        layers: the aggregator's is the last; 3 in the paper. With 1 there is no proposer and it is one sample.
        agents: roles that propose in turn, joined by +, such as agents=a+b with --role a=SPEC --role b=SPEC. Default:
            all are draws of the generator, the paper's single-proposer setting.

    Cost: generate <= n * (layers - 1) + 1

    Guarantees: heuristic.

    Deviations: wording ours. Responses that failed or were cut are not passed on. If the aggregator's response holds no
    answer, the majority of the last layer that has one is taken, and info["aggregated"] is false.

    >>> from passel.core.play import play
    >>> flow = mixture_of_agents(Problem("1", "2 + 2?"), key=Key(), n=2, layers=2)
    >>> play(flow, ["5", "4", "4"]).value.answer.text
    '4'
    """
    drawn: list[Candidate] = []
    last: list[Candidate] = []
    stop = "done"
    roles = _names(agents) or ["generator"]
    for layer in range(layers - 1):
        texts = [one.text for one in last]
        try:
            replies = yield from _propose(fusion_prompt(problem, texts), key, layer, n, roles)
        except OutOfBudget:
            if not drawn:
                raise
            replies = []
        new = [candidate(problem, reply) for reply in replies]
        drawn += new
        last = [one for one in new if one.stop == "end" and one.text.strip()] or last
        if len(replies) < n:
            stop = "budget"
            break
    final = None
    if stop == "done":
        try:
            prompt = fusion_prompt(problem, [one.text for one in last])
            own = key / "aggregate" if layers > 1 else key
            (reply,) = yield from sample(
                prompt, key=own, role="fuser" if layers > 1 else "generator", label="aggregate"
            )
            final = candidate(problem, reply)
            drawn.append(final)
        except OutOfBudget:
            if not drawn:
                raise
            stop = "budget"
    chosen = final if final and final.answer else first_of(last, tally(last)) or first_of(drawn, tally(drawn))
    info = {"aggregated": bool(final and final.answer)}
    ended = "budget" if stop == "budget" else "done"
    if chosen is None:
        return Result(candidates=tuple(drawn), stop=ended, info=info)
    return Result(chosen.answer, chosen.text, None, tuple(drawn), ended, info)


def _propose(prompt: Prompt, key: Key, layer: int, n: int, roles: list[str]) -> Flow[list[Reply]]:
    """The proposals of a layer, by role in turn; those of the first layer are draws that all methods share. They are
    numbered across the roles, since two roles that one model plays would else be given the same draws."""
    own = key / "layer" / layer if layer else key
    if len(roles) == 1:
        return (yield from sample_within(prompt, key=own, n=n, role=roles[0]))
    return (yield from within([Generate(prompt, own / "draw" / i, role=roles[i % len(roles)]) for i in range(n)]))


def _names(agents: str) -> list[str]:
    names = [name.strip() for name in agents.split("+")] if agents.strip() else []
    for name in names:
        if not name.isidentifier():
            raise UsageError(f"mixture_of_agents: agents are names of roles joined by +, such as a+b, got {name!r}")
    return names
