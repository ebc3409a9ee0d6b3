"""How well scores rank right samples above wrong ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key
from passel.estimators.estimate import Estimate
from passel.estimators.intervals import bootstrap_weights, mean_interval, wilson
from passel.estimators.verifiers.samples import ScoredAnswers
from passel.estimators.verifiers.shares import RESAMPLES, SAME, percentiles

__all__ = ["Roc", "auc", "auc_overall", "auc_within", "average_precision", "roc", "youden"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MAX_CELLS = 1 << 20
"""Numbers held at a time, 8 MiB."""


@dataclass(frozen=True, slots=True)
class Roc:
    """The receiver operating characteristic: rates where scores of at least `threshold` are accepted, from no sample
    (inf) to all samples (-inf where there are samples without a score, which no threshold in use accepts) [points]."""

    threshold: Floats
    false_positive_rate: Floats
    true_positive_rate: Floats


def roc(score: Floats, right: Bools) -> Roc:
    """Computes the curve, a point for each distinct score; a rate is NaN without a wrong (a right) sample.

    Args:
        score: [samples], no NaN; -inf ranks last. right: [samples].
    """
    level, _, hits, misses = _levels(score, right)
    threshold = np.concatenate([[np.inf], level])
    accepted = (np.concatenate([[0.0], np.cumsum(counts)]) for counts in (misses, hits))
    with np.errstate(invalid="ignore"):
        wrong, found = (counts / counts[-1] for counts in accepted)
    return Roc(threshold, wrong, found)


def youden(curve: Roc) -> float | None:
    """The threshold of the largest true-positive minus false-positive rate; the highest of several. None without
    a right sample, a wrong sample or a score.

    Source: Youden 1950.
    """
    gain = curve.true_positive_rate - curve.false_positive_rate
    gain = np.where(np.isfinite(curve.threshold), gain, -np.inf)
    best = int(np.argmax(np.nan_to_num(gain, nan=-np.inf) > gain.max(initial=-np.inf) - SAME))
    return float(curve.threshold[best]) if np.isfinite(gain[best]) else None


def auc(score: Floats, right: Bools) -> float | None:
    """Chance that a right sample scores above a wrong sample, ties half: the area under the curve. None if undefined.

    Source: Hanley and McNeil 1982 (the Mann-Whitney statistic).

    >>> auc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    value = _areas(score, right, np.zeros(len(score), np.int64), np.ones((1, 1)))[0]
    return None if np.isnan(value) else float(value)


def auc_overall(samples: ScoredAnswers, problems: int, key: Key) -> Estimate:
    """`auc` over all samples of all problems, with a 95 % bootstrap interval over problems.

    Where all resamples agree, it is Wilson's interval, with the number of problems with a right sample, or with a
    wrong sample if that is smaller, as its trials.
    """
    value = auc(samples.score, samples.right)
    if value is None:
        return Estimate(None)
    weights = bootstrap_weights(problems, key, RESAMPLES)
    resampled = _areas(samples.score, samples.right, samples.problem, weights)
    low, high = (float(end) for end in percentiles(resampled))
    if high - low < SAME:
        low, high = wilson(value, min(len(np.unique(samples.problem[samples.right == side])) for side in (True, False)))
    return Estimate(value, low, high)


def auc_within(samples: ScoredAnswers, problems: int, key: Key) -> tuple[Estimate, int]:
    """Mean over problems of `auc` among the samples of each problem, which is what best-of-n depends on.

    Returns: the mean with its interval over problems, and the number of problems with right and wrong samples.
    """
    areas = np.full(problems, np.nan)
    for row in range(problems):
        mine = samples.problem == row
        value = auc(samples.score[mine], samples.right[mine])
        areas[row] = np.nan if value is None else value
    return Estimate(*mean_interval(areas, key)), int(np.isfinite(areas).sum())


def average_precision(score: Floats, right: Bools) -> float | None:
    """Precision at each distinct threshold, weighted by the recall it adds. None without a right sample."""
    if not right.any():
        return None
    _, count, hits, _ = _levels(score, right)
    precision = np.cumsum(hits) / np.cumsum(count)
    return float((precision * hits).sum() / hits.sum())


def _levels(score: Floats, right: Bools) -> tuple[Floats, Floats, Floats, Floats]:
    """Distinct scores from the highest; samples, right samples and wrong samples of each [levels]."""
    level, at = np.unique(-score, return_inverse=True)
    hits, misses = (np.bincount(at[side], minlength=len(level)).astype(np.float64) for side in (right, ~right))
    return -level, hits + misses, hits, misses


def _areas(score: Floats, right: Bools, problem: Ints, weights: Floats) -> Floats:
    """`auc` with samples weighted by their problem, for each row of weights [resamples, problems] -> [resamples]."""
    if not len(score):
        return np.full(len(weights), np.nan)
    order = np.argsort(score, kind="stable")
    ordered, hit, row = score[order], right[order], problem[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    areas = np.empty(len(weights))
    step = max(1, MAX_CELLS // len(score))
    for start in range(0, len(weights), step):
        weight = weights[start : start + step, row]
        above = np.add.reduceat(weight * hit, starts, axis=1)
        below = np.add.reduceat(weight * ~hit, starts, axis=1)
        pairs = above.sum(axis=1) * below.sum(axis=1)
        won = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
        areas[start : start + step] = np.divide(won, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
    return areas
