"""Resampling until a verifier accepts: the exact expected worth of at most K tries.

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
from passel.estimators.verifiers.shares import RESAMPLES, percentiles

__all__ = ["COSTS", "AcceptedCounts", "Resampling", "ValueCurve", "best_tries", "precision_at_k", "resampling"]
__all__ += ["right_at_k", "tries_at_k", "value_at_k"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COSTS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Costs of a wrong answer, in units of the worth of a right one; the paper's."""

EQUAL = 1e-12
"""Values closer than this are equal but for rounding."""


@dataclass(frozen=True, slots=True)
class ValueCurve:
    """The worth of at most K tries, where a right accepted answer is worth 1, a wrong answer `-cost` and no answer 0.

    Args:
        value: mean worth of a problem, at K = 0 … n.
        best_k: the smallest K with the largest value, and its 95 % bootstrap interval; 0: it is better not to answer.
    """

    cost: float
    value: tuple[float, ...]
    best_k: int
    low_k: int
    high_k: int

    @property
    def best_value(self) -> float:
        """The value at the best K."""
        return self.value[self.best_k]


@dataclass(frozen=True, slots=True)
class Resampling:
    """Drawing samples until the verifier accepts, estimated from n samples of each problem.

    Args:
        accepted: share of problems with an accepted sample within K tries, K = 1 … n.
        precision: share of accepted answers that is right within K tries; None where no answer is accepted.
        ceiling: share of problems answered right without a limit of tries; a problem without an accepted sample counts
            as not answered.
        precision_limit: share of accepted answers that is right without a limit.
        never: number of problems without an accepted sample.
        sample_cost: of each try, in units of a right answer.
        values: one curve for each cost of a wrong answer.
    """

    accepted: tuple[float, ...]
    precision: tuple[float | None, ...]
    ceiling: Estimate
    precision_limit: Estimate
    never: int
    sample_cost: float
    values: tuple[ValueCurve, ...]


@dataclass(frozen=True, slots=True)
class AcceptedCounts:
    """Numbers of right and of wrong samples that the verifier accepts, and of all samples [problems].

    Raises:
        UsageError: more accepted samples than samples, or negative counts.
    """

    right: Ints
    wrong: Ints
    samples: Ints

    def __post_init__(self) -> None:
        if np.any(self.right < 0) or np.any(self.wrong < 0) or np.any(self.right + self.wrong > self.samples):
            raise UsageError("accepted samples must be between 0 and all samples")

    @property
    def precision(self) -> Floats:
        """Chance that the accepted sample is right, at whichever try; NaN without an accepted sample [problems].

        Every order of the samples is equally likely, so each accepted sample has the same chance to come first.
        """
        total = self.right + self.wrong
        return np.where(total > 0, self.right / np.maximum(total, 1), np.nan)

    def within(self, max_k: int) -> Floats:
        """Chance that a sample of the first K is accepted, K = 1 … max_k [problems, max_k]; NaN where K > samples."""
        return pass_at_k(self.right + self.wrong, self.samples, max_k)


def right_at_k(accepted: AcceptedCounts, max_k: int) -> Floats:
    """Chance that at most K tries end with a right accepted answer.

    Returns: [problems, max_k], column K - 1.
    """
    return accepted.within(max_k) * np.nan_to_num(accepted.precision)[:, None]


def precision_at_k(accepted: AcceptedCounts, max_k: int) -> Floats:
    """Share of the answers accepted within K tries that is right, over all problems [max_k]; NaN without such answers.

    For one problem it is the same at every K. Over several it changes, because problems whose answers are
    accepted late count more and more; it falls where these are the hard problems.
    """
    answered, right = accepted.within(max_k).sum(axis=0), right_at_k(accepted, max_k).sum(axis=0)
    return np.where(answered > 0, right / np.where(answered > 0, answered, 1.0), np.nan)


def tries_at_k(accepted: AcceptedCounts, max_k: int) -> Floats:
    """Expected number of samples until an answer is accepted, at most K [problems, max_k]."""
    before = np.concatenate([np.zeros((len(accepted.samples), 1)), accepted.within(max_k)[:, :-1]], axis=1)
    return np.cumsum(1.0 - before, axis=1)


def value_at_k(accepted: AcceptedCounts, max_k: int, cost: float, sample_cost: float = 0.0) -> Floats:
    """Worth of at most K tries: 1 for a right answer, -cost for a wrong answer, less `sample_cost` for each sample.

    Returns: [problems, max_k + 1], column K; column 0 is 0.
    """
    precision = np.nan_to_num(accepted.precision)[:, None]
    value = accepted.within(max_k) * (precision - cost * (1.0 - precision))
    value -= sample_cost * tries_at_k(accepted, max_k)
    return np.concatenate([np.zeros((len(value), 1)), value], axis=1)


def best_tries(value: Floats) -> Ints:
    """The smallest K of the largest value along the last axis, K from 0."""
    return np.argmax(value >= value.max(axis=-1, keepdims=True) - EQUAL, axis=-1).astype(np.int64)


def resampling(
    accepted: AcceptedCounts, max_k: int, key: Key, *, costs: Sequence[float] = COSTS, sample_cost: float = 0.0
) -> Resampling:
    """Computes all of these means over problems, for K up to `max_k`, with 95 % bootstrap intervals over problems."""
    precision = accepted.precision
    precisions = precision_at_k(accepted, max_k).tolist()
    return Resampling(
        accepted=tuple(accepted.within(max_k).mean(axis=0).tolist()),
        precision=tuple(None if np.isnan(value) else value for value in precisions),
        ceiling=Estimate(*mean_interval(np.nan_to_num(precision), key)),
        precision_limit=Estimate(*mean_interval(precision, key)),
        never=int(np.isnan(precision).sum()),
        sample_cost=sample_cost,
        values=tuple(_value_curve(value_at_k(accepted, max_k, cost, sample_cost), cost, key) for cost in costs),
    )


def _value_curve(value: Floats, cost: float, key: Key) -> ValueCurve:
    resampled = best_tries(bootstrap_weights(len(value), key, RESAMPLES) @ value)
    low, high = (round(float(end)) for end in percentiles(resampled.astype(np.float64)))
    mean = value.mean(axis=0)
    return ValueCurve(cost, tuple(mean.tolist()), int(best_tries(mean)), low, high)
