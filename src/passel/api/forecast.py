"""Forecasts of methods, before a model is asked anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from passel.core.driver import run_sync
from passel.core.options import split_specs
from passel.tuning import METHODS, Forecast, from_pilot
from passel.tuning import forecast as simulated

__all__ = ["forecast"]


def forecast(
    methods: Sequence[str] | str = METHODS,
    *,
    pilot: Path | str | None = None,
    problems: int = 50,
    budgets: Sequence[float] = (),
    target: float = 0.5,
    seed: int = 0,
    **assumed: Any,
) -> Forecast:
    """Simulates methods on planted trees, without a model: which method pays, and at how many tokens?

    Args:
        methods: specs; each is run in several sizes, unless its spec sets the size.
        pilot: folder of a run to estimate chance, tokens and rho from, where they are not given.
        problems: number of trees.
        budgets: generated tokens for each problem; default: those of 1 to 32 solutions.
        target: the accuracy to find the price of.
        seed: of the trees, the samples and the verifier's errors.
        assumed: fields of `Assumptions`: chance, steps, branches, tokens, rho, scale, bias, trap.

    >>> found = forecast("best_of:n=2,beam:n=4", rho=1.0, steps=2, problems=4)
    >>> [(row.method, len(row.rungs)) for row in found.methods]
    [('best_of:n=2', 1), ('beam:n=4', 1)]
    """
    specs = split_specs(methods) if isinstance(methods, str) else list(methods)

    async def simulate() -> Forecast:
        basis, notes = await from_pilot(pilot, assumed)
        return await simulated(basis, specs, problems=problems, budgets=budgets, target=target, seed=seed, notes=notes)

    return run_sync(simulate())
