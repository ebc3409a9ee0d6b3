"""Confidence intervals over problems: bootstrap intervals, and Wilson's where the bootstrap degenerates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key
from passel.estimators.chance import generator

__all__ = ["bootstrap_weights", "curve_interval", "difference_interval", "mean_interval", "wilson"]

Array = NDArray[np.float64]
Interval = tuple[float | None, float | None, float | None]
"""(value, low, high)"""

LEVEL = 0.95
RESAMPLES = 2000
_Z = 1.959963984540054  # the normal quantile of LEVEL


def mean_interval(scores: Array, key: Key, *, resamples: int = RESAMPLES) -> Interval:
    """The mean of scores in [0, 1] with a 95 % percentile bootstrap interval over problems.

    NaN (unscored) is left out. Where all scores are equal the bootstrap would say that nothing is uncertain; Wilson's
    interval is given then: 20 right of 20 is [0.84, 1]. Three times None without any score.

    Source: Efron and Tibshirani 1993, chapter 13 (percentile); Wilson 1927.
    """
    known = scores[np.isfinite(scores)]
    if known.size == 0:
        return None, None, None
    mean = float(known.mean())
    if known.min() == known.max():
        return mean, *wilson(mean, known.size)
    means = bootstrap_weights(known.size, key, resamples) @ known
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return mean, float(low), float(high)


def difference_interval(scores: Array, other: Array, key: Key, *, resamples: int = RESAMPLES) -> Interval:
    """The mean paired difference `scores - other` with its 95 % interval; both in order of the same problems.

    Problems where either is NaN are left out. Where all differences are equal, each side of the interval is as long as
    Wilson's interval of an event that never happened in that many problems.
    """
    gaps = scores - other
    gaps = gaps[np.isfinite(gaps)]
    if gaps.size == 0:
        return None, None, None
    mean = float(gaps.mean())
    if gaps.min() == gaps.max():
        room = wilson(0.0, gaps.size)[1]
        return mean, max(-1.0, mean - room), min(1.0, mean + room)
    means = bootstrap_weights(gaps.size, key, resamples) @ gaps
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return mean, float(low), float(high)


def curve_interval(values: Array, key: Key, *, resamples: int = 1000) -> tuple[Array, Array, Array]:
    """Mean over problems at each k, and its 95 % bootstrap interval, pointwise; the same resamples at every k.

    Args:
        values: in [0, 1], [problems, k], NaN where a problem has fewer than k samples; it is left out there, so the
            mean is over other problems there. Where all are equal (at k = n, every problem covered) Wilson's
            interval is given, as in `mean_interval`; where no problem has a value, NaN.

    Returns: value, low, high, each [k].
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    count = known.sum(axis=0)
    value = np.where(count > 0, filled.sum(axis=0) / np.maximum(count, 1), np.nan)
    low, high = np.full((2, values.shape[1]), np.nan)
    lowest, highest = np.where(known, values, np.inf).min(axis=0, initial=np.inf), filled.max(axis=0, initial=0.0)
    for k in np.flatnonzero((count > 0) & (highest - lowest < 1e-12)).tolist():
        low[k], high[k] = wilson(min(1.0, max(0.0, float(value[k]))), int(count[k]))
    varied = np.flatnonzero((count > 0) & (highest - lowest >= 1e-12))
    if varied.size:
        weights = bootstrap_weights(len(values), key, resamples)
        counted = weights @ known[:, varied].astype(np.float64)
        counted[counted == 0.0] = np.nan  # a resample without a problem that has k samples has no mean
        means = (weights @ filled[:, varied]) / counted
        low[varied], high[varied] = np.nanquantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return value, low, high


def bootstrap_weights(size: int, key: Key, resamples: int) -> Array:
    """The weight of each of `size` problems in each resample: [resamples, size], rows sum to 1."""
    return generator(key).multinomial(size, np.full(size, 1.0 / size), size=resamples) / size


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % score interval for a share of `count` trials."""
    centre = share + _Z**2 / (2 * count)
    spread = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    scale = 1 + _Z**2 / count
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
