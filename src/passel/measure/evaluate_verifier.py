"""Everything that is measured of one verifier over the samples of one method."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Literal

import numpy as np

from passel.core.key import Key
from passel.estimators.coverage import pass_at_k
from passel.estimators.curves import mean_curve
from passel.estimators.estimate import Curve, Estimate
from passel.estimators.intervals import mean_interval
from passel.estimators.selection import best_at_k, vote_at_k, weighted_vote_at_k
from passel.estimators.verifiers.calibration import calibration
from passel.estimators.verifiers.errors import ProblemCounts, counts, rates
from passel.estimators.verifiers.resampling import COSTS, AcceptedCounts, resampling, right_at_k
from passel.estimators.verifiers.roc import Roc, auc_overall, auc_within, average_precision, roc, youden
from passel.estimators.verifiers.samples import VerifierSamples, verifier_samples
from passel.measure.verifier_row import VerifierRow

__all__ = ["CHOSEN_HERE", "evaluate_verifier"]

MAX_POINTS = 200
"""Points of a ROC curve that a row holds."""

CHOSEN_HERE = "largest true-positive minus false-positive rate on these samples"
"""The rule of a threshold that was chosen on the samples that it is measured on."""


def evaluate_verifier(
    name: str,
    kind: Literal["probability", "score", "verdict"],
    values: Sequence[Sequence[float | None]],
    scores: Sequence[Sequence[float | None]],
    problem_ids: Sequence[str],
    key: Key,
    answers: Sequence[Sequence[Hashable | None]] | None = None,
    *,
    method: str = "",
    compares: bool = False,
    threshold: float | None = None,
    costs: Sequence[float] = COSTS,
    sample_cost: float = 0.0,
) -> VerifierRow:
    """Measures a verifier over all samples of a method; no sample may be there because of what the verifier said.

    Args:
        name, kind: of the verifier. The kind sets the threshold: 1 for a verdict, 0.5 for a probability; for a score
            the threshold with the largest true-positive minus false-positive rate on these samples.
        values: worth of each sample in [0, 1], [problem][sample]; a problem with None (unknown) is left out. A sample
            worth 1 is right.
        scores: the verifier's; None for no score.
        answers: equal for equal answers; None for a sample without an answer, which counts as rejected whatever its
            score. Default: every sample holds an answer, and no vote is computed.
        method: the method that drew the samples. compares: the verifier saw all samples of a problem at once.
        threshold: in place of the kind's threshold.
        costs: of a wrong answer, for the value of resampling. sample_cost: of each try.

    Raises:
        UsageError: lists of different lengths.
    """
    samples = verifier_samples(values, scores, problem_ids, answers)
    scored, problems = samples.scored_answers(), len(samples.ids)
    curve = roc(scored.score, scored.right)
    chosen, rule = (threshold, "given") if threshold is not None else _threshold(kind, curve)
    by_problem = counts(samples, chosen)
    error_rates = rates(by_problem, key)
    within, mixed = auc_within(scored, problems, key)
    depth = samples.depth
    accepted = _accepted(by_problem) if chosen is not None and depth and not compares else None
    return VerifierRow(
        name=name,
        kind=kind,
        method=method,
        compares=compares,
        depth=depth,
        left_out=samples.left_out,
        problems=by_problem,
        threshold=chosen,
        threshold_rule=rule,
        mean=_mean(samples, key),
        auc=auc_overall(scored, problems, key),
        auc_within=within,
        mixed=mixed,
        average_precision=average_precision(scored.score, scored.right),
        false_positive_rate=error_rates.false_positive_rate if chosen is not None else Estimate(None),
        false_negative_rate=error_rates.false_negative_rate if chosen is not None else Estimate(None),
        precision=error_rates.precision,
        accepted=error_rates.accepted if chosen is not None else Estimate(None),
        roc=_thinned(curve),
        calibration=calibration(scored, problems, key),
        curves=tuple(_curves(samples, accepted, key, voting=answers is not None)) if depth else (),
        resampling=resampling(accepted, depth, key, costs=costs, sample_cost=sample_cost) if accepted else None,
    )


def _threshold(kind: str, curve: Roc) -> tuple[float | None, str]:
    if kind == "verdict":
        return 1.0, "verdict"
    if kind == "probability":
        return 0.5, "even chance"
    return youden(curve), CHOSEN_HERE


def _accepted(problems: Sequence[ProblemCounts]) -> AcceptedCounts:
    table = [(counted.accepted_right, counted.accepted_wrong, counted.samples) for counted in problems]
    return AcceptedCounts(*np.array(table, dtype=np.int64).T)


def _mean(samples: VerifierSamples, key: Key) -> Estimate:
    """Mean worth of a sample; every problem has the same weight."""
    return Estimate(*mean_interval(np.nansum(samples.values, axis=1) / np.maximum(samples.sizes, 1), key))


def _curves(samples: VerifierSamples, accepted: AcceptedCounts | None, key: Key, *, voting: bool) -> Iterator[Curve]:
    """Curves up to the number of samples that every problem has, each over all k-subsets of a problem's samples."""
    values, scores, answers, sizes, depth = (
        samples.values,
        samples.scores,
        samples.answers,
        samples.sizes,
        samples.depth,
    )
    best = best_at_k(values, scores, sizes=sizes)
    yield mean_curve("best_of", best.how, best.value[:, :depth], key)
    if voting:
        vote = vote_at_k(answers, values, key / "vote", sizes=sizes)
        yield mean_curve("vote", vote.how, vote.value[:, :depth], key)
        if not np.any(scores < 0) and not np.isnan(scores).all():
            vote = weighted_vote_at_k(answers, values, scores, key / "weighted", sizes=sizes)
            yield mean_curve("weighted vote", vote.how, vote.value[:, :depth], key)
    yield mean_curve("coverage", "exact", pass_at_k(samples.right.sum(axis=1), sizes, depth), key)
    if accepted is not None:
        yield mean_curve("resampling", "exact", right_at_k(accepted, depth), key)


def _thinned(curve: Roc) -> tuple[tuple[float, ...], ...]:
    """At most `MAX_POINTS` points of the curve; no point where a rate is undefined."""
    points = np.stack([curve.false_positive_rate, curve.true_positive_rate], axis=1)
    if not np.isfinite(points).all():
        return ()
    rows = np.unique(np.linspace(0, len(points) - 1, min(MAX_POINTS, len(points))).round().astype(np.int64))
    return tuple((float(x), float(y)) for x, y in points[rows].tolist())
