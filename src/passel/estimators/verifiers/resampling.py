"""Drawing samples until a verifier accepts one: what K tries at most are worth, exactly, from one pool.

Source: Stroebl et al. 2024, Inference Scaling fLaws (2411.17501). There the curves are averages over shuffles; here
they are their expectation over all orders of a problem's samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.estimators.coverage import pass_at_k
from passel.estimators.estimate import Estimate
from passel.estimators.intervals import bootstrap_weights, mean_interval
from passel.estimators.verifiers.row import Resampling, ValueCurve
from passel.estimators.verifiers.shares import DRAWS, percentiles

__all__ = ["COSTS", "Accepted", "best_tries", "precision_at_k", "resampling", "right_at_k", "tries_at_k", "value_at_k"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COSTS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Costs of a wrong answer, in units of the worth of a right one; the paper's."""

EQUAL = 1e-12
"""Values closer than this are equal but for rounding."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Each problem's samples, and how many of them the verifier accepts, right and wrong [problems].

    Raises:
        UsageError: more accepted than drawn, or negative counts.
    """

    right: Ints
    wrong: Ints
    samples: Ints

    def __post_init__(self) -> None:
        if np.any(self.right < 0) or np.any(self.wrong < 0) or np.any(self.right + self.wrong > self.samples):
            raise UsageError("accepted samples must be between 0 and all samples")

    @property
    def precision(self) -> Floats:
        """Chance that the accepted sample is right, whichever try it comes at; NaN where none is accepted [problems].

        Every order of the samples is equally likely, so the first accepted is each accepted one with equal chance.
        """
        total = self.right + self.wrong
        return np.where(total > 0, self.right / np.maximum(total, 1), np.nan)

    def within(self, most: int) -> Floats:
        """Chance that one of the first K samples is accepted, K = 1 … most [problems, most]; NaN beyond its samples."""
        return pass_at_k(self.right + self.wrong, self.samples, most)


def right_at_k(pool: Accepted, most: int) -> Floats:
    """Chance that drawing until accepted, K times at most, ends with a right answer; none accepted is not right.

    Returns: [problems, most], column K - 1.
    """
    return pool.within(most) * np.nan_to_num(pool.precision)[:, None]


def precision_at_k(pool: Accepted, most: int) -> Floats:
    """Over all problems, the share of answers accepted within K tries that is right [most]; NaN where none is.

    For one problem it is the same at every K. Over several it changes, because those that are accepted late count
    more and more; it falls where these are the hard ones.
    """
    answered, right = pool.within(most).sum(axis=0), right_at_k(pool, most).sum(axis=0)
    return np.where(answered > 0, right / np.where(answered > 0, answered, 1.0), np.nan)


def tries_at_k(pool: Accepted, most: int) -> Floats:
    """Expected samples drawn if one stops at the first accepted and at K [problems, most]."""
    before = np.concatenate([np.zeros((len(pool.samples), 1)), pool.within(most)[:, :-1]], axis=1)
    return np.cumsum(1.0 - before, axis=1)


def value_at_k(pool: Accepted, most: int, cost: float, sample_cost: float = 0.0) -> Floats:
    """Worth of K tries at most: 1 for a right answer, -cost for a wrong one, 0 for none, less `sample_cost` a sample.

    Returns: [problems, most + 1], column K; column 0 is 0.
    """
    precision = np.nan_to_num(pool.precision)[:, None]
    value = pool.within(most) * (precision - cost * (1.0 - precision))
    value -= sample_cost * tries_at_k(pool, most)
    return np.concatenate([np.zeros((len(value), 1)), value], axis=1)


def best_tries(value: Floats) -> Ints:
    """The smallest K of the largest value along the last axis, K from 0."""
    return np.argmax(value >= value.max(axis=-1, keepdims=True) - EQUAL, axis=-1).astype(np.int64)


def resampling(
    pool: Accepted, most: int, key: Key, *, costs: Sequence[float] = COSTS, sample_cost: float = 0.0
) -> Resampling:
    """All of it over problems, for K up to `most`, with 95 % bootstrap intervals over problems where there are any."""
    precision = pool.precision
    at_k = precision_at_k(pool, most).tolist()
    return Resampling(
        accepted=tuple(pool.within(most).mean(axis=0).tolist()),
        precision=tuple(None if np.isnan(one) else one for one in at_k),
        ceiling=Estimate(*mean_interval(np.nan_to_num(precision), key)),
        precision_limit=Estimate(*mean_interval(precision, key)),
        never=int(np.isnan(precision).sum()),
        sample_cost=sample_cost,
        values=tuple(_value_curve(value_at_k(pool, most, cost, sample_cost), cost, key) for cost in costs),
    )


def _value_curve(value: Floats, cost: float, key: Key) -> ValueCurve:
    drawn = best_tries(bootstrap_weights(len(value), key, DRAWS) @ value)
    low, high = (round(float(end)) for end in percentiles(drawn.astype(np.float64)))
    mean = value.mean(axis=0)
    return ValueCurve(cost, tuple(mean.tolist()), int(best_tries(mean)), low, high)
