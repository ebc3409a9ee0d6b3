"""Everything there is to say about one verifier over one pool of samples."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Literal

import numpy as np

from passel.core.key import Key
from passel.estimators.coverage import pass_at_k
from passel.estimators.curves import curve_of
from passel.estimators.estimate import Curve, Estimate
from passel.estimators.intervals import mean_interval
from passel.estimators.selection import best_at_k, vote_at_k, weighted_vote_at_k
from passel.estimators.verifiers.calibration import calibration
from passel.estimators.verifiers.errors import counts, rates
from passel.estimators.verifiers.resampling import COSTS, Accepted, resampling, right_at_k
from passel.estimators.verifiers.roc import Roc, auc_pooled, auc_within, average_precision, roc, youden
from passel.estimators.verifiers.row import VerifierRow
from passel.estimators.verifiers.verified import Verified, verified

__all__ = ["account"]

POINTS = 200
"""Points of a ROC curve that are kept."""


def account(
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
    """What a verifier is worth over a whole pool: no sample may be there because of what the verifier said.

    Args:
        kind: what it returns; sets the threshold: 1 of a verdict, 0.5 of a probability, of a score the one with the
            largest true-positive minus false-positive rate on this pool.
        values: what each sample is worth in [0, 1], [problem][sample]; None where it cannot be told, which leaves its
            problem out. A sample worth 1 is right.
        scores: what the verifier gave it; None: nothing.
        answers: equal for equal answers, None for a sample without one, which counts as rejected whatever its score.
            Left out: every sample holds an answer, and there is no vote to compare with.
        method: whose samples these are. compares: the verifier saw all samples of a problem at once.
        threshold: in place of the kind's own.
        costs: of a wrong answer, for the value of resampling. sample_cost: of each try.

    Raises:
        UsageError: lists of different lengths.
    """
    pool = verified(values, scores, problem_ids, answers)
    samples, problems = pool.line(), len(pool.ids)
    curve = roc(samples.score, samples.right)
    chosen, rule = (threshold, "given") if threshold is not None else _threshold(kind, curve)
    counted = counts(pool, chosen)
    found = rates(counted, key)
    within, mixed = auc_within(samples, problems, key)
    depth = pool.depth
    accepted = None
    if chosen is not None and depth and not compares:
        table = np.array([(one.accepted_right, one.accepted_wrong, one.samples) for one in counted], dtype=np.int64)
        accepted = Accepted(*table.T)
    return VerifierRow(
        name=name,
        kind=kind,
        method=method,
        compares=compares,
        depth=depth,
        left_out=pool.left_out,
        problems=counted,
        threshold=chosen,
        threshold_rule=rule,
        mean=_mean(pool, key),
        auc=auc_pooled(samples, problems, key),
        auc_within=within,
        mixed=mixed,
        average_precision=average_precision(samples.score, samples.right),
        false_positive_rate=found.false_positive_rate if chosen is not None else Estimate(None),
        false_negative_rate=found.false_negative_rate if chosen is not None else Estimate(None),
        precision=found.precision,
        accepted=found.accepted if chosen is not None else Estimate(None),
        roc=_thinned(curve),
        calibration=calibration(samples, problems, key),
        curves=tuple(_curves(pool, accepted, key, voting=answers is not None)) if depth else (),
        resampling=resampling(accepted, depth, key, costs=costs, sample_cost=sample_cost) if accepted else None,
    )


def _threshold(kind: str, curve: Roc) -> tuple[float | None, str]:
    if kind == "verdict":
        return 1.0, "verdict"
    if kind == "probability":
        return 0.5, "even chance"
    return youden(curve), "largest true-positive minus false-positive rate on this pool"


def _mean(pool: Verified, key: Key) -> Estimate:
    """Mean worth of a sample, each problem alike."""
    return Estimate(*mean_interval(np.nansum(pool.worth, axis=1) / np.maximum(pool.samples, 1), key))


def _curves(pool: Verified, accepted: Accepted | None, key: Key, *, voting: bool) -> Iterator[Curve]:
    """At every k that all problems have samples for; each k-subset of a problem's own samples counts alike."""
    depth, own = pool.depth, pool.samples
    best = best_at_k(pool.worth, pool.score, samples=own)
    yield curve_of("best_of", best.how, best.value[:, :depth], key)
    if voting:
        vote = vote_at_k(pool.answer, pool.worth, key / "vote", samples=own)
        yield curve_of("vote", vote.how, vote.value[:, :depth], key)
        if not np.any(pool.score < 0) and not np.isnan(pool.score).all():
            vote = weighted_vote_at_k(pool.answer, pool.worth, pool.score, key / "weighted", samples=own)
            yield curve_of("weighted vote", vote.how, vote.value[:, :depth], key)
    yield curve_of("coverage", "exact", pass_at_k(pool.right.sum(axis=1), own, depth), key)
    if accepted is not None:
        yield curve_of("resampling", "exact", right_at_k(accepted, depth), key)


def _thinned(curve: Roc) -> tuple[tuple[float, ...], ...]:
    """Points of the curve, `POINTS` at most; none where a rate is undefined."""
    points = np.stack([curve.false_positive_rate, curve.true_positive_rate], axis=1)
    if not np.isfinite(points).all():
        return ()
    kept = np.unique(np.linspace(0, len(points) - 1, min(POINTS, len(points))).round().astype(np.int64))
    return tuple((float(x), float(y)) for x, y in points[kept].tolist())
