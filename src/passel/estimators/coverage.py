"""Coverage (pass@k): how often at least one of k samples is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passel.core.errors import UsageError

__all__ = ["PowerLaw", "fit_power_law", "pass_at_k"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def pass_at_k(right: Ints, samples: Ints, max_k: int | None = None) -> Floats:
    """The chance that k of a problem's samples, drawn without replacement, include a right sample, for every k.

    The unbiased estimate 1 - C(n - c, k) / C(n, k), as a running product of the ratios (n - c - j) / (n - j), each in
    [0, 1], so that nothing overflows; it is the mean over all k-subsets of the samples.

    Source: Chen et al. 2021 (2107.03374), equation 1; coverage in Brown et al. 2024 (2407.21787).

    Symbols: c -> right; n -> samples.

    Args:
        right, samples: integers [problems]; problems may have different numbers of samples.
        max_k: the largest k; default: the largest number of samples.

    Returns:
        [problems, max_k], column k - 1 is pass@k; NaN where a problem has fewer than k samples.

    Raises:
        UsageError: negative counts, or more right samples than samples.

    >>> pass_at_k(np.array([1]), np.array([4])).round(2)
    array([[0.25, 0.5 , 0.75, 1.  ]])
    """
    if right.shape != samples.shape or right.ndim != 1 or np.any(right < 0) or np.any(right > samples):
        raise UsageError("right and samples must be [problems], with right between 0 and samples")
    step = np.arange(int(samples.max(initial=0)) if max_k is None else max_k)
    ratio = np.maximum((samples - right)[:, None] - step, 0.0)
    ratio /= np.maximum(samples[:, None] - step, 1)
    covered = 1.0 - np.cumprod(ratio, axis=1, out=ratio)
    covered[step >= samples[:, None]] = np.nan
    return covered


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """coverage(k) = exp(a * k**b), a < 0, b < 0; r2 is the share of the variance of log coverage that it explains."""

    a: float
    b: float
    r2: float

    def at(self, k: ArrayLike) -> Floats:
        """Coverage at k."""
        return np.exp(self.a * np.asarray(k, np.float64) ** self.b)


def fit_power_law(k: ArrayLike, coverage: ArrayLike) -> PowerLaw | None:
    """Least squares of log coverage on a * k**b, over the given k, all with the same weight.

    For a given b the best a has a closed form; b is found on a grid over [-4, 0], refined three times to 1e-7. The
    paper gives no fitting code, so its choice of weights is not known; k spaced evenly in log k weighs scales alike.

    Source: Brown et al. 2024 (2407.21787), section 3.1.

    Args:
        k: numbers of samples [points].
        coverage: in [0, 1] [points]; points at 0 or NaN have no finite logarithm and are left out.

    Returns:
        The law; None for fewer than three points, or a coverage that does not vary.
    """
    size, share = np.asarray(k, np.float64), np.asarray(coverage, np.float64)
    positive = share > 0
    x, y = np.log(size[positive]), np.log(share[positive])
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
