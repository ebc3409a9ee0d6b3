"""The answers that a verifier accepts at a threshold, and how many of them are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from passel.core.key import Key
from passel.estimators.estimate import Estimate
from passel.estimators.verifiers.samples import VerifierSamples
from passel.estimators.verifiers.shares import share

__all__ = ["ProblemCounts", "Rates", "counts", "rates"]


@dataclass(frozen=True, slots=True)
class ProblemCounts:
    """Numbers of samples of one problem.

    Args:
        samples: all samples. right: those that are right.
        unanswered: those without an answer, which count as rejected.
        unscored: those with an answer but no score, which count as rejected too.
        accepted_right, accepted_wrong: right and wrong answers that the verifier accepts at its threshold.
    """

    id: str
    samples: int
    right: int
    unanswered: int
    unscored: int
    accepted_right: int
    accepted_wrong: int

    @property
    def wrong(self) -> int:
        """The number of wrong answers."""
        return self.samples - self.right - self.unanswered

    @property
    def false_positive_rate(self) -> float | None:
        """The share of wrong answers that is accepted; None without a wrong answer."""
        return self.accepted_wrong / self.wrong if self.wrong else None

    @property
    def precision(self) -> float | None:
        """The share of accepted answers that is right; None without an accepted answer."""
        accepted = self.accepted_right + self.accepted_wrong
        return self.accepted_right / accepted if accepted else None


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of the samples of all problems together, with intervals over problems.

    Args:
        false_positive_rate: accepted wrong answers of all wrong answers.
        false_negative_rate: rejected right answers of all right answers.
        precision: right answers of all accepted answers.
        accepted: accepted samples of all samples, including samples without an answer.
    """

    false_positive_rate: Estimate
    false_negative_rate: Estimate
    precision: Estimate
    accepted: Estimate


def counts(samples: VerifierSamples, threshold: float | None) -> tuple[ProblemCounts, ...]:
    """Counts the samples of each problem; without a threshold no sample is accepted."""
    accepted = samples.scores >= threshold if threshold is not None else np.zeros(samples.scores.shape, bool)
    unscored = samples.answered & np.isnan(samples.scores)
    columns = (
        samples.sizes,
        samples.right.sum(axis=1),
        samples.sizes - samples.answered.sum(axis=1),
        unscored.sum(axis=1),
        (accepted & samples.right).sum(axis=1),
        (accepted & ~samples.right).sum(axis=1),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(ProblemCounts(name, *row) for name, row in zip(samples.ids, rows, strict=True))


def rates(problems: Sequence[ProblemCounts], key: Key) -> Rates:
    """Computes the error rates over all problems."""
    names = ("accepted_right", "accepted_wrong", "right", "wrong", "samples")
    right, wrong, all_right, all_wrong, samples = (
        np.array([[getattr(counted, name) for name in names] for counted in problems], dtype=np.float64)
        .reshape(-1, len(names))
        .T
    )
    return Rates(
        share(wrong, all_wrong, key),
        share(all_right - right, all_right, key),
        share(right, right + wrong, key),
        share(right + wrong, samples, key),
    )
