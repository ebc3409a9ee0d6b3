"""Resampling: from weights to ancestors. Each index is expected n * weight times, by every scheme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from passel.core.key import Key

__all__ = ["Scheme", "ancestors", "inverted", "multinomial", "residual", "stratified", "systematic"]

Scheme = Literal["multinomial", "residual", "stratified", "systematic"]
"""multinomial: n independent indices. residual: floor(n w) copies each, the rest by what is left over. stratified:
one point in each n-th of the unit interval. systematic: the same with one random number for all, so that an index
comes floor(n w) or ceil(n w) times (Douc, Cappé and Moulines 2005, cs/0507025)."""

_SLACK = 1e-12


def ancestors(weights: Sequence[float], n: int, key: Key, scheme: Scheme = "multinomial") -> list[int]:
    """n indices of weights, chosen by a scheme.

    Args:
        weights: at least 0, not all 0; they need not sum to 1.
        n: indices wanted.
        key: decides the indices.
    """
    match scheme:
        case "systematic":
            return systematic(weights, n, key.uniform())
        case "stratified":
            return stratified(weights, [(key / place).uniform() for place in range(n)])
        case "residual":
            return residual(weights, n, [(key / place).uniform() for place in range(n)])
        case "multinomial":
            return multinomial(weights, [(key / place).uniform() for place in range(n)])


def systematic(weights: Sequence[float], n: int, uniform: float) -> list[int]:
    """The indices at (uniform + 0, 1, …, n - 1) / n; `uniform` in [0, 1)."""
    return inverted(weights, [(place + uniform) / n for place in range(n)])


def stratified(weights: Sequence[float], uniforms: Sequence[float]) -> list[int]:
    """The indices at (i + uniforms[i]) / n."""
    return inverted(weights, [(place + uniform) / len(uniforms) for place, uniform in enumerate(uniforms)])


def multinomial(weights: Sequence[float], uniforms: Sequence[float]) -> list[int]:
    """The indices at the uniforms themselves."""
    return inverted(weights, uniforms)


def residual(weights: Sequence[float], n: int, uniforms: Sequence[float]) -> list[int]:
    """floor(n w) copies of each index, then indices by n w - floor(n w) with the first of the uniforms."""
    total = _total(weights)
    wanted = [n * weight / total for weight in weights]
    copies = [math.floor(share + _SLACK) for share in wanted]  # 3 * (1 / 3) is to be 1
    sure = [index for index, count in enumerate(copies) for _ in range(count)]
    rest = [max(0.0, share - count) for share, count in zip(wanted, copies, strict=True)]
    missing = n - len(sure)
    return sure + (inverted(rest, uniforms[:missing]) if missing else [])


def inverted(weights: Sequence[float], points: Sequence[float]) -> list[int]:
    """The index whose share of the unit interval, laid out in order, holds each point in [0, 1). An index of weight 0
    is never taken."""
    total = _total(weights)
    ends: list[tuple[float, int]] = []
    sums = 0.0
    for index, weight in enumerate(weights):
        if weight > 0.0:
            sums += weight / total
            ends.append((sums, index))
    return [next((index for end, index in ends if point < end), ends[-1][1]) for point in points]


def _total(weights: Sequence[float]) -> float:
    total = math.fsum(weights)
    if not total > 0.0:
        raise ValueError("weights must be non-negative and sum to more than 0")
    return total
