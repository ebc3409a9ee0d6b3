"""What was measured of one verifier: a row of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

from passel.estimators.estimate import Curve, Estimate
from passel.estimators.verifiers.calibration import Calibration
from passel.estimators.verifiers.errors import ProblemCounts
from passel.estimators.verifiers.resampling import Resampling

__all__ = ["VerifierRow"]


@dataclass(frozen=True, slots=True)
class VerifierRow:
    """One verifier over the samples of one method.

    Rates and AUC are over samples with an answer; a sample without a score ranks below all others.

    Args:
        name, method: of the verifier, and of the method that drew the samples ("" for none).
        kind: "probability", "score" or "verdict".
        compares: it compares all samples of a problem with each other; resampling does not apply.
        depth: number of samples that every problem has; curves end there.
        left_out: number of problems without a sample, or with a sample of unknown worth; they are counted nowhere.
        problems: counts of samples of the other problems.
        threshold: scores of at least this are accepted; None where no threshold could be chosen.
        threshold_rule: how the threshold was chosen.
        mean: mean worth of one sample.
        auc: chance that a right sample scores above a wrong sample, across all problems; ties count half.
        auc_within: the same among samples of one problem, mean over the `mixed` problems that have both.
        average_precision: area under precision against recall.
        false_positive_rate, false_negative_rate: of wrong answers accepted, of right answers rejected.
        precision: share of accepted answers that is right. accepted: share of samples that is accepted.
        roc: (false-positive rate, true-positive rate) by falling threshold, thinned.
        calibration: for scores in [0, 1].
        curves: best_of, vote, weighted vote, coverage and resampling at every k, as far as they apply.
    """

    name: str
    kind: str
    method: str
    compares: bool
    depth: int
    left_out: int
    problems: tuple[ProblemCounts, ...]
    threshold: float | None
    threshold_rule: str
    mean: Estimate
    auc: Estimate
    auc_within: Estimate
    mixed: int
    average_precision: float | None
    false_positive_rate: Estimate
    false_negative_rate: Estimate
    precision: Estimate
    accepted: Estimate
    roc: tuple[tuple[float, ...], ...] = ()
    calibration: Calibration | None = None
    curves: tuple[Curve, ...] = ()
    resampling: Resampling | None = None

    @property
    def samples(self) -> int:
        """The number of samples of all problems."""
        return sum(counts.samples for counts in self.problems)

    @property
    def unanswered(self) -> int:
        """The number of samples without an answer."""
        return sum(counts.unanswered for counts in self.problems)

    @property
    def unscored(self) -> int:
        """The number of answers without a score."""
        return sum(counts.unscored for counts in self.problems)

    def curve(self, name: str) -> Curve | None:
        """The curve of this name."""
        return next((curve for curve in self.curves if curve.name == name and curve.k), None)
