"""Coverage (pass@k): how often at least one of k samples is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passel.core.errors import UsageError

__all__ = ["PowerLaw", "fit_power_law", "pass_at_k", "pool"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def pool(right: ArrayLike) -> tuple[Ints, Ints]:
    """Right and scored samples of each problem.

    Args:
        right: scores of samples [problems, samples]; above 0.5 is right, NaN is unscored or not drawn.

    Returns:
        (right, drawn): counts [problems] for `pass_at_k`.
    """
    scores = np.asarray(right, float)
    if scores.ndim != 2:
        raise UsageError(f"scores must be [problems, samples], got {scores.ndim} dimensions")
    return (scores > 0.5).sum(axis=1), (~np.isnan(scores)).sum(axis=1)


def pass_at_k(right: ArrayLike, drawn: ArrayLike) -> Floats:
    """The chance that k of a problem's samples, drawn without replacement, hold a right one, for all k at once.

    The unbiased estimate 1 - C(n - c, k) / C(n, k), as a running product of the ratios (n - c - j) / (n - j), each in
    [0, 1], so that nothing overflows; it is the mean over all k-subsets of the pool.

    Source: Chen et al. 2021 (2107.03374), equation 1; Brown et al. 2024 (2407.21787), section 2.

    Symbols: c -> right; n -> drawn.

    Args:
        right: right samples of each problem [problems].
        drawn: samples of each problem [problems]; they may differ.

    Returns:
        pass@k [problems, largest n], column k - 1. NaN where k is more than the problem's own n: it says nothing there.
        For a mean over problems cut the matrix with `intervals.shared` first, so that every k averages the same ones.

    Raises:
        UsageError: counts that are negative, or more right than drawn.

    >>> pass_at_k([1, 0], [2, 1]).tolist()
    [[0.5, 1.0], [0.0, nan]]
    """
    c, n = np.asarray(right, np.int64), np.asarray(drawn, np.int64)
    if c.shape != n.shape or c.ndim != 1:
        raise UsageError(f"right and drawn must be [problems], got shapes {c.shape} and {n.shape}")
    if np.any(c < 0) or np.any(c > n):
        raise UsageError("right samples must lie between 0 and the number drawn")
    j = np.arange(n.max(initial=0))
    ratio = np.maximum((n - c)[:, None] - j, 0.0)
    ratio /= np.maximum(n[:, None] - j, 1)
    missed = np.cumprod(ratio, axis=1, out=ratio)
    np.subtract(1.0, missed, out=missed)
    missed[j >= n[:, None]] = np.nan
    return missed


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """coverage(k) = exp(a * k**b), a < 0, b < 0; r2 is the share of the variance of log coverage it explains."""

    a: float
    b: float
    r2: float

    def at(self, k: ArrayLike) -> Floats:
        """Coverage at k."""
        return np.exp(self.a * np.asarray(k, float) ** self.b)


def fit_power_law(k: ArrayLike, coverage: ArrayLike) -> PowerLaw | None:
    """Least squares of log coverage on a * k**b, over the given k, each with weight one.

    For a given b the best a is closed; b is found on a grid over [-4, 0], refined three times to 1e-7. The paper gives
    no fitting code, so its choice of weights is not known; pass k spaced evenly in log k to weigh scales alike.

    Source: Brown et al. 2024 (2407.21787), section 3.1.

    Args:
        k: numbers of samples [points].
        coverage: in [0, 1] [points]; points at 0 or NaN have no finite logarithm and are left out.

    Returns:
        None when fewer than three points are left or coverage does not vary.
    """
    size, share = np.asarray(k, float), np.asarray(coverage, float)
    kept = share > 0
    x, y = np.log(size[kept]), np.log(share[kept])
    spread = float(((y - y.mean()) ** 2).sum()) if len(y) else 0.0
    if len(y) < 3 or spread <= 1e-24:
        return None
    low, high = -4.0, 0.0
    best = (0.0, 0.0, np.inf)
    for _ in range(4):
        grid = np.linspace(low, high, 201)
        power = np.exp(grid[:, None] * x)
        a = power @ y / (power**2).sum(axis=1)
        loss = ((y - a[:, None] * power) ** 2).sum(axis=1)
        at = int(loss.argmin())
        best = (float(a[at]), float(grid[at]), float(loss[at]))
        low, high = float(grid[max(at - 2, 0)]), float(grid[min(at + 2, 200)])
    return PowerLaw(best[0], best[1], 1 - best[2] / spread)
