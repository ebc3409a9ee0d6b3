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
    """One verifier over a pool of samples.

    Rates and AUC are over samples with an answer; one that the verifier gave no score ranks below all others.

    Args:
        name, method: of the verifier, and of the method whose samples it scored ("" where there is none).
        kind: "probability", "score" or "verdict".
        compares: it judges all samples of a problem against each other; resampling makes no sense for it.
        depth: samples that every problem has; curves end there.
        left_out: problems without a sample, or with one of unknown worth; nothing here counts them.
        problems: the others, samples counted.
        threshold: a score of at least this is accepted; None where none could be chosen. `threshold_rule`: why this.
        mean: mean worth of one sample.
        auc: chance that a right sample scores above a wrong one, all problems in one pool; ties count half.
        auc_within: the same among samples of one problem, mean over the `mixed` problems that have both.
        average_precision: area under precision against recall.
        false_positive_rate, false_negative_rate: of wrong answers accepted, of right answers rejected.
        precision: of accepted answers that are right. accepted: of all samples, those accepted.
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
        """All samples of the problems counted."""
        return sum(one.samples for one in self.problems)

    @property
    def unanswered(self) -> int:
        """Samples without an answer."""
        return sum(one.unanswered for one in self.problems)

    @property
    def unscored(self) -> int:
        """Answers that the verifier gave no score."""
        return sum(one.unscored for one in self.problems)

    def curve(self, name: str) -> Curve | None:
        """The curve of this name."""
        return next((one for one in self.curves if one.name == name and one.k), None)
