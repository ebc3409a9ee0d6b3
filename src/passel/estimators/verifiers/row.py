"""What is known of one verifier, as plain values: a row of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

from passel.estimators.estimate import Curve, Estimate

__all__ = ["Calibration", "ReliabilityBin", "Resampling", "ValueCurve", "VerifiedProblem", "VerifierRow"]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Samples of similar score: their mean score, how many they are, and the share of them that is right."""

    score: float
    samples: int
    right: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far scores in [0, 1] can be read as chances of being right.

    Args:
        bins: of about equal numbers of samples, by rising score.
        error: expected calibration error, the mean over samples of |mean score - share right| of their bin.
        brier: mean squared difference of score and outcome.
        reliability, resolution, uncertainty: the Brier score is reliability - resolution + uncertainty, but for what
            scores vary within a bin.
    """

    bins: tuple[ReliabilityBin, ...]
    error: float
    brier: Estimate
    reliability: float
    resolution: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class VerifiedProblem:
    """Samples of one problem, counted.

    Args:
        samples: all; of these `right` are right and `unanswered` hold no answer, which is rejected unseen.
        unscored: hold an answer that the verifier gave no score, which is rejected too.
        accepted_right, accepted_wrong: what the verifier accepts at its threshold.
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
        """Answers that are wrong."""
        return self.samples - self.right - self.unanswered

    @property
    def false_positive_rate(self) -> float | None:
        """The share of wrong answers that is accepted; None where there is none."""
        return self.accepted_wrong / self.wrong if self.wrong else None

    @property
    def precision(self) -> float | None:
        """The share of accepted answers that is right; None where none is accepted."""
        accepted = self.accepted_right + self.accepted_wrong
        return self.accepted_right / accepted if accepted else None


@dataclass(frozen=True, slots=True)
class ValueCurve:
    """What K tries at most are worth, where a right accepted answer is worth 1, a wrong one `-cost` and none 0.

    Args:
        value: a problem, at K = 0 … n.
        best_k: the smallest K with the largest value, and its 95 % bootstrap interval; 0: better not to answer.
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
    """Drawing until the verifier accepts, as far as the pool tells.

    Args:
        accepted: share of problems with an accepted sample within K tries, K = 1 … n.
        precision: share of accepted answers that is right within K tries; None where none is accepted.
        ceiling: share of problems answered right without a limit of tries; problems of whose samples none was accepted
            count as not answered.
        precision_limit: share of accepted answers that is right without a limit.
        never: problems of whose samples none was accepted.
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
    problems: tuple[VerifiedProblem, ...]
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
