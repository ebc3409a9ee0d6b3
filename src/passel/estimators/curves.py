"""Accuracy at every number of samples k, averaged over problems: coverage, votes, best of k."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key
from passel.estimators.coverage import pass_at_k
from passel.estimators.estimate import Curve
from passel.estimators.intervals import curve_interval
from passel.estimators.samples import Samples
from passel.estimators.selection import best_at_k, shortest_at_k, vote_at_k, weighted_vote_at_k

__all__ = ["best_of_curve", "mean_curve", "sample_curves"]


def sample_curves(samples: Samples, key: Key) -> Iterator[Curve]:
    """Yields the curves that need no verifier: coverage, majority vote, and the shortest finished sample."""
    sizes = np.full(len(samples.values), samples.values.shape[1])
    yield mean_curve("coverage", "exact", pass_at_k((samples.values == 1.0).sum(axis=1), sizes), key)
    vote = vote_at_k(samples.answers, samples.values, key / "vote")
    yield mean_curve("vote", vote.how, vote.value, key)
    shortest = shortest_at_k(samples.values, samples.tokens)
    yield mean_curve("shortest", shortest.how, shortest.value, key)


def best_of_curve(name: str, samples: Samples, key: Key, *, weighted: bool = False) -> Curve:
    """The accuracy of the sample with the highest score of k, or of the weighted vote of k.

    Args:
        name: of the curve; part of the key of the weighted vote's random orders.
        weighted: whether scores add up by answer.
    """
    if weighted:
        chosen = weighted_vote_at_k(samples.answers, samples.values, samples.scores, key / name)
    else:
        chosen = best_at_k(samples.values, samples.scores)
    return mean_curve(name, chosen.how, chosen.value, key)


def mean_curve(name: str, how: str, values: NDArray[np.float64], key: Key) -> Curve:
    """The mean over problems of values [problems, k] with its interval, as a curve."""
    value, low, high = (tuple(map(float, line)) for line in curve_interval(values, key))
    return Curve(name, how, tuple(range(1, len(value) + 1)), value, low, high)
