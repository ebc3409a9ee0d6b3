"""What a verifier accepts at a threshold, and how much of that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key
from passel.estimators.estimate import Estimate
from passel.estimators.verifiers.row import VerifiedProblem
from passel.estimators.verifiers.shares import share
from passel.estimators.verifiers.verified import Verified

__all__ = ["Rates", "counts", "rates"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rates:
    """Over all samples together, with intervals over problems; see `VerifierRow`."""

    false_positive_rate: Estimate
    false_negative_rate: Estimate
    precision: Estimate
    accepted: Estimate


def counts(pool: Verified, threshold: float | None) -> tuple[VerifiedProblem, ...]:
    """Each problem's samples, counted; without a threshold none is accepted."""
    accepted = pool.score >= threshold if threshold is not None else np.zeros(pool.score.shape, bool)
    unscored = pool.answered & np.isnan(pool.score)
    columns = (
        pool.samples,
        pool.right.sum(axis=1),
        pool.samples - pool.answered.sum(axis=1),
        unscored.sum(axis=1),
        (accepted & pool.right).sum(axis=1),
        (accepted & ~pool.right).sum(axis=1),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(VerifiedProblem(one, *row) for one, row in zip(pool.ids, rows, strict=True))


def rates(problems: Sequence[VerifiedProblem], key: Key) -> Rates:
    """False-positive rate (accepted of wrong answers), false-negative rate (rejected of right answers), precision
    (right of accepted) and acceptance (accepted of all samples, those without an answer among them)."""
    names = ("accepted_right", "accepted_wrong", "right", "wrong", "samples")
    right, wrong, all_right, all_wrong, samples = (
        np.array([[getattr(one, name) for name in names] for one in problems], dtype=np.float64)
        .reshape(-1, len(names))
        .T
    )
    return Rates(
        share(wrong, all_wrong, key),
        share(all_right - right, all_right, key),
        share(right, right + wrong, key),
        share(right + wrong, samples, key),
    )
