"""LINC: the model writes first-order logic, a prover decides."""

from __future__ import annotations

from typing import Annotated, Any

from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Answer, Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result, candidate
from passel.methods.parts.endings import paid_for
from passel.methods.parts.votes import first_of, tally
from passel.verifiers.logic import Decision, decide, shared_key

__all__ = ["linc"]


@needs(generator="text", translator="text", tool="prover")
def linc(
    problem: Problem,
    *,
    key: Key,
    k: Annotated[int, Log(1, 64)] = 10,
    temperature: Annotated[float, Linear(0.0, 1.5)] = 0.8,
    n: Annotated[int, Log(1, 64)] = 1,
) -> Flow[Result]:
    """Translates premises and conclusion into first-order logic k times, proves each, and takes the majority label.

    Labels are True, False and Unknown (Uncertain). Translations with syntax errors are counted and do not vote. Where
    none is usable, n plain samples vote.

    Source: Olausson et al. 2023, LINC (2310.15164), sections 2 and 3.

    Symbols: K -> k.

    Args:
        k: translations; 10 in the paper.
        temperature: of the translator; 0.8 in the paper.
        n: plain samples where no translation is usable; ours.

    Cost: generate <= k + n, call <= k

    Guarantees: the prover is sound for what it is given; the translations need not be faithful.

    Deviations: where every translation fails, the paper's answer is wrong; here the model answers without logic, and
    info["translated"] is false. Wording and prover: the verifier `logic`. A problem without premises, or whose answers
    are not these labels, is answered without logic as well.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> text = "Premise: .\\nFormula: P(a)\\nConclusion: .\\nFormula: P(a)"
    >>> flow = linc(Problem("1", "P(a). P(a)?"), key=Key(), k=1)
    >>> play(flow, [text, Reply(value={"label": "True", "reason": "proved"})]).value.answer.text
    'True'
    """
    decision = yield from decide(problem, key=shared_key(problem, key), k=k, temperature=temperature)
    info = {"votes": dict(decision.votes), "errors": decision.errors}
    said = _said(problem, decision)
    if said is None:
        return (yield from paid_for(_without(problem, key, n, decision, info)))
    text, answer = said
    share = decision.votes[decision.label or ""] / sum(decision.votes.values())
    return Result(answer, text, share, stop=decision.stop, info=info | {"translated": True})


def _said(problem: Problem, decision: Decision) -> tuple[str, Answer] | None:
    """A text that says the decided label, and the answer that the problem reads from it."""
    if decision.label is None:
        return None
    for text in (decision.label, f"The answer is {decision.label}."):
        if (answer := problem.read(text)) is not None:
            return text, answer
    return None


def _without(problem: Problem, key: Key, n: int, decision: Decision, info: dict[str, Any]) -> Flow[Result]:
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    candidates = tuple(candidate(problem, reply) for reply in replies)
    chosen = first_of(candidates, tally(candidates))
    stop = "done" if len(replies) == n and decision.stop == "done" else "budget"
    told = info | {"translated": False}
    if chosen is None:
        return Result(candidates=candidates, stop=stop, info=told)
    return Result(chosen.answer, chosen.text, None, candidates, stop, told)
