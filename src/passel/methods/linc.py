"""LINC: the model translates into first-order logic, a prover decides."""

from __future__ import annotations

from typing import Annotated, Any

from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.endings import paid_for
from passel.methods.parts.votes import majority
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

    Labels are True, False and Unknown (Uncertain). Translations with syntax errors are counted and do not vote. If no
    translation is usable, n plain samples vote.

    Source: Olausson et al. 2023, LINC (2310.15164), sections 2 and 3.

    Symbols: K -> k.

    Args:
        k: translations; 10 in the paper.
        temperature: of the translator; 0.8 in the paper.
        n: plain samples if no translation is usable; ours.

    Cost: generate <= k + n, call <= k

    Guarantees: the prover is sound for its input; the translations need not be faithful.

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
    whole = decision.stop == "done"
    decided = _decided(problem, decision)
    if decided is None:
        return (yield from paid_for(_without_logic(problem, key, n, info | {"translated": False}, whole=whole)))
    share = decision.votes[decision.label or ""] / sum(decision.votes.values())
    return Result.of(decided, whole=whole, confidence=share, info=info | {"translated": True})


def _decided(problem: Problem, decision: Decision) -> Candidate | None:
    """A text that states the decided label, with the answer that the problem reads from it."""
    if decision.label is None:
        return None
    texts = (decision.label, f"The answer is {decision.label}.")
    return next((Candidate(text, answer) for text in texts if (answer := problem.read(text)) is not None), None)


def _without_logic(problem: Problem, key: Key, n: int, info: dict[str, Any], *, whole: bool) -> Flow[Result]:
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    candidates = [candidate(problem, reply) for reply in replies]
    return Result.of(majority(candidates), candidates, whole=whole and len(replies) == n, info=info)
