"""The tool `prover`: decides whether premises entail a conclusion, in first-order logic."""

from __future__ import annotations

import asyncio
from typing import Any

from passel.logic.parser import Fault
from passel.logic.prover import decide, ready
from passel.logic.theory import read_theory

__all__ = ["prover", "ready"]


async def prover(*, premises: list[str], conclusion: str, seconds: float = 10.0) -> dict[str, Any]:
    """Decides by proof: True, False or Unknown; a formula that cannot be read, and time that runs out, are an Error.

    Args:
        premises: formulas, in any notation that `passel.logic.parser` reads.
        conclusion: another formula.
        seconds: for each of two searches, for a proof of the conclusion and of its negation.

    Returns `label`, `stop` ("decided", "syntax", "timeout" or "failed"), `reason`, `repairs` (what was repaired in the
    formulas), `contradictory` (whether the premises are; None if unknown) and `seconds`.
    """
    return await asyncio.to_thread(_decided, premises, conclusion, seconds)


def _decided(premises: list[str], conclusion: str, seconds: float) -> dict[str, Any]:
    theory = read_theory(premises, conclusion)
    if isinstance(theory, Fault):
        found: dict[str, Any] = {"label": "Error", "stop": "syntax", "reason": str(theory)}
        return found | {"repairs": [], "contradictory": None, "seconds": 0.0}
    decision = decide(theory, seconds=seconds)
    return {
        "label": decision.label,
        "stop": decision.stop,
        "reason": decision.reason,
        "repairs": list(theory.repairs),
        "contradictory": decision.contradictory,
        "seconds": round(decision.seconds, 3),
    }
