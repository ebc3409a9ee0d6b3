"""A number, and a quantity at every number of samples, each with an interval over problems."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Curve", "Estimate"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with a confidence interval over problems; None where it is undefined (no scored problem, no success)."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity at every number of samples k = 1 … n, from the same n samples of each problem.

    `how` states how it was computed: "exact" (expectation over all k-subsets) or "resampled (N permutations)".
    """

    name: str
    how: str
    k: tuple[int, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
