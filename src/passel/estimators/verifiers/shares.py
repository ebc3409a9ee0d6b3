"""Shares of samples with intervals over problems: the samples of a problem are correlated, so they stay together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key
from passel.estimators.estimate import Estimate
from passel.estimators.intervals import LEVEL, bootstrap_weights, wilson

__all__ = ["percentiles", "share", "shares"]

Floats = NDArray[np.float64]

RESAMPLES = 1000
SAME = 1e-12
"""Shares closer than this are equal but for rounding."""


def share(hits: NDArray[np.generic], of: NDArray[np.generic], key: Key) -> Estimate:
    """`shares` of one column: hits and of are [problems]."""
    return shares(np.asarray(hits, np.float64)[:, None], np.asarray(of, np.float64)[:, None], key)[0]


def shares(hits: Floats, of: Floats, key: Key, *, resamples: int = RESAMPLES) -> list[Estimate]:
    """Sum of hits over sum of `of`, column by column, with 95 % percentile bootstrap intervals over problems.

    Where the bootstrap degenerates (every problem has the same share) it is Wilson's interval, with the problems where
    `of` is not 0 as its trials, as in `mean_interval`. None for a column whose `of` is 0 everywhere.

    Args:
        hits, of: counts [problems, columns], hits at most `of`.
    """
    total = of.sum(axis=0)
    value = np.divide(hits.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    low, high = _bootstrap(hits, of, key, resamples) if len(of) else (value, value)
    out: list[Estimate] = []
    for column in range(len(total)):
        counted = int((of[:, column] > 0).sum())
        at, ends = float(value[column]), (float(low[column]), float(high[column]))
        if counted and ends[1] - ends[0] < SAME:
            ends = wilson(min(1.0, max(0.0, at)), counted)
        out.append(Estimate(at, *ends) if counted else Estimate(None))
    return out


def percentiles(resampled: Floats) -> tuple[Floats, Floats]:
    """The ends of the 95 % interval along the first axis; undefined resamples (NaN) are left out."""
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def _bootstrap(hits: Floats, of: Floats, key: Key, resamples: int) -> tuple[Floats, Floats]:
    weights = bootstrap_weights(len(of), key, resamples)
    below = weights @ of
    resampled = np.divide(weights @ hits, below, out=np.full_like(below, np.nan), where=below > 0)
    resampled[:, np.isnan(resampled).all(axis=0)] = 0.0
    return percentiles(resampled)
