"""Calibration: how far scores in [0, 1] are probabilities of being right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key
from passel.estimators.estimate import Estimate
from passel.estimators.verifiers.samples import ScoredAnswers
from passel.estimators.verifiers.shares import share, shares

__all__ = ["Calibration", "ReliabilityBin", "calibration", "equal_mass"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 10
MIN_SAMPLES = 10
"""Samples that a bin should have; fewer samples make fewer bins."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Samples of similar score: their mean score, their number, and the share of them that is right."""

    score: float
    samples: int
    right: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far scores in [0, 1] are probabilities of being right.

    Args:
        bins: of about equal numbers of samples, by rising score.
        error: expected calibration error, the mean over samples of |mean score - share right| of their bin.
        brier: mean squared difference of score and outcome.
        reliability, resolution, uncertainty: the Brier score is reliability - resolution + uncertainty where scores do
            not vary within a bin.
    """

    bins: tuple[ReliabilityBin, ...]
    error: float
    brier: Estimate
    reliability: float
    resolution: float
    uncertainty: float


def calibration(samples: ScoredAnswers, problems: int, key: Key, *, bins: int = BINS) -> Calibration | None:
    """Calibration of the samples with a score; None without such a sample, or with a score outside [0, 1].

    With n_b samples, mean score s_b and share right o_b in bin b, and o right overall: reliability is the mean of
    (s_b - o_b)^2, resolution that of (o_b - o)^2, uncertainty o (1 - o). The Brier score is reliability - resolution +
    uncertainty exactly where all scores in a bin are equal, else plus the variance of scores within bins less twice
    their covariance with the outcome.

    Source: Murphy 1973 (decomposition), Stephenson et al. 2008 (within bins); Naeini et al. 2015 (expected calibration
    error), with bins of equal mass as in Nguyen and O'Connor 2015.
    """
    known = np.isfinite(samples.score)
    score, right, problem = samples.score[known], samples.right[known], samples.problem[known]
    if not len(score) or score.min() < 0 or score.max() > 1:
        return None
    bin_of = equal_mass(score, min(bins, max(1, len(score) // MIN_SAMPLES)))
    count = np.bincount(bin_of).astype(np.float64)
    mean = np.bincount(bin_of, score) / count
    rate = np.bincount(bin_of, right.astype(np.float64)) / count
    hits, of = np.zeros((2, problems, len(count)))
    np.add.at(hits, (problem, bin_of), right)
    np.add.at(of, (problem, bin_of), 1.0)
    table = zip(mean.tolist(), count.tolist(), shares(hits, of, key), strict=True)
    squares = np.bincount(problem, (score - right) ** 2, minlength=problems)
    weight, base = count / count.sum(), float(right.mean())
    return Calibration(
        bins=tuple(ReliabilityBin(at, int(n), interval) for at, n, interval in table),
        error=float(weight @ np.abs(mean - rate)),
        brier=share(squares, np.bincount(problem, minlength=problems), key),
        reliability=float(weight @ (mean - rate) ** 2),
        resolution=float(weight @ (rate - base) ** 2),
        uncertainty=base * (1 - base),
    )


def equal_mass(score: Floats, bins: int) -> Ints:
    """The bin of each sample, from 0 by rising score, of about equal numbers; equal scores share a bin.

    >>> equal_mass(np.array([0.1, 0.9, 0.5, 0.9, 0.9, 0.2]), 3).tolist()
    [0, 2, 1, 2, 2, 0]
    """
    _, level, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2
    wanted = (bins * middle / len(score)).astype(np.int64)
    _, dense = np.unique(wanted, return_inverse=True)
    return dense[level].astype(np.int64)
