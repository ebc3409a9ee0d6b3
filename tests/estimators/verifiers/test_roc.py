"""ROC, AUC and average precision against their definitions, and against scikit-learn where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.key import Key
from passel.estimators.chance import generator
from passel.estimators.verifiers.roc import auc, auc_overall, auc_within, average_precision, roc, youden
from passel.estimators.verifiers.samples import ScoredAnswers, verifier_samples

samples = st.lists(
    st.tuples(st.sampled_from([-np.inf, 0.0, 0.1, 0.5, 0.5000001, 1.0, 3.0]), st.booleans()), max_size=25
)


def arrays(pairs: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([s for s, _ in pairs], np.float64), np.array([r for _, r in pairs], bool)


def by_pairs(score: np.ndarray, right: np.ndarray) -> float | None:
    """The definition: every right sample against every wrong one, ties half."""
    duels = [1.0 if a > b else 0.5 if a == b else 0.0 for a in score[right] for b in score[~right]]
    return float(np.mean(duels)) if duels else None


@settings(deadline=None)
@given(samples)
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[float, bool]]) -> None:
    score, right = arrays(pairs)
    assert auc(score, right) == (None if (wanted := by_pairs(score, right)) is None else pytest.approx(wanted))


@settings(deadline=None)
@given(samples)
def test_the_area_under_the_curve_is_auc(pairs: list[tuple[float, bool]]) -> None:
    score, right = arrays(pairs)
    value, curve = auc(score, right), roc(score, right)
    if value is not None:
        area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
        assert area == pytest.approx(value)
        for threshold, wrong, found in zip(
            curve.threshold, curve.false_positive_rate, curve.true_positive_rate, strict=True
        ):
            assert wrong == pytest.approx((score[~right] >= threshold).mean())
            assert found == pytest.approx((score[right] >= threshold).mean())


@settings(deadline=None)
@given(samples)
def test_youden_is_the_best_of_all_thresholds(pairs: list[tuple[float, bool]]) -> None:
    score, right = arrays(pairs)
    chosen = youden(roc(score, right))
    levels = [t for t in np.unique(score).tolist() if np.isfinite(t)]
    if not levels or right.all() or not right.any():
        assert chosen is None
        return
    gain = {t: (score[right] >= t).mean() - (score[~right] >= t).mean() for t in levels}
    assert chosen == max(t for t in levels if gain[t] > max(gain.values()) - 1e-9)


@settings(deadline=None)
@given(samples)
def test_average_precision_by_thresholds(pairs: list[tuple[float, bool]]) -> None:
    score, right = arrays(pairs)
    value = average_precision(score, right)
    if not right.any():
        assert value is None
        return
    total, before = 0.0, 0.0
    for level in sorted(set(score.tolist()), reverse=True):
        kept = score >= level
        recall = right[kept].sum() / right.sum()
        total, before = total + (recall - before) * right[kept].mean(), recall
    assert value == pytest.approx(total)


def test_scikit_learn_says_the_same() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    chance = generator(Key(5))
    right = chance.random(300) < 0.4
    score = np.round(chance.normal(size=300) + right, 1)
    assert auc(score, right) == pytest.approx(metrics.roc_auc_score(right, score))
    assert average_precision(score, right) == pytest.approx(metrics.average_precision_score(right, score))
    wrong, found, _ = metrics.roc_curve(right, score, drop_intermediate=False)
    curve = roc(score, right)
    assert curve.false_positive_rate.tolist() == pytest.approx(wrong)
    assert curve.true_positive_rate.tolist() == pytest.approx(found)


def pool_of(rows: list[list[tuple[float | None, bool]]]) -> ScoredAnswers:
    values = [[float(r) for _, r in row] for row in rows]
    return verifier_samples(
        values, [[s for s, _ in row] for row in rows], [str(i) for i in range(len(rows))]
    ).scored_answers()


def test_within_is_the_mean_over_problems_that_have_both() -> None:
    """Two problems whose scores lie far apart: order within each is all that best-of-n needs."""
    line = pool_of(
        [
            [(0.9, True), (0.8, False), (0.7, False)],
            [(0.2, True), (0.1, False), (None, False)],
            [(0.3, False), (0.6, True)],
            [(0.5, True), (0.5, False)],
            [(0.99, False)],
        ]
    )
    within, mixed = auc_within(line, 5, Key())
    assert (within.value, mixed) == (pytest.approx((1 + 1 + 1 + 0.5) / 4), 4)
    assert auc(line.score, line.right) == pytest.approx(by_pairs(line.score, line.right))
    assert auc(line.score, line.right) < 0.7


def test_a_sample_without_a_score_ranks_last() -> None:
    line = pool_of([[(None, True), (-5.0, False)]])
    assert auc(line.score, line.right) == 0.0


def test_the_bootstrap_resamples_problems() -> None:
    """By hand: the AUC of the same samples with each problem repeated as often as a resample holds it."""
    chance = generator(Key(3))
    rows = [[(float(chance.integers(4)), bool(chance.random() < 0.5)) for _ in range(4)] for _ in range(6)]
    line = pool_of(rows)
    from passel.estimators.intervals import bootstrap_weights
    from passel.estimators.verifiers.roc import RESAMPLES

    values = []
    for weights in bootstrap_weights(6, Key(1), RESAMPLES)[:200]:
        times = np.rint(weights * 6).astype(int)[line.problem]
        values.append(by_pairs(np.repeat(line.score, times), np.repeat(line.right, times)))
    from passel.estimators.verifiers.roc import _areas

    drawn = _areas(line.score, line.right, line.problem, bootstrap_weights(6, Key(1), RESAMPLES)[:200])
    assert drawn.tolist() == pytest.approx([np.nan if v is None else v for v in values], nan_ok=True)


def test_intervals_cover_and_are_not_certain_of_certainty() -> None:
    chance = generator(Key(9))
    hits = 0
    for trial in range(100):
        rows = []
        for _ in range(40):
            easy = chance.random()
            drawn = [(bool(chance.random() < easy)) for _ in range(6)]
            rows.append([(float(chance.normal() + right), right) for right in drawn])
        line = pool_of(rows)
        found = auc_overall(line, 40, Key(trial))
        hits += found.low <= 0.7602 <= found.high  # Phi(1 / sqrt 2): two normals, one apart
    assert 88 <= hits <= 99
    perfect = auc_overall(pool_of([[(1.0, True), (0.0, False)]] * 20), 20, Key())
    assert (perfect.value, perfect.high) == (1.0, 1.0)
    assert perfect.low == pytest.approx(0.8389, abs=1e-4)


@pytest.mark.parametrize("rows", [[], [[(0.5, True)]], [[(0.5, False), (0.1, False)]], [[(None, True)]]])
def test_what_cannot_be_told_is_none(rows: list[list[tuple[float | None, bool]]]) -> None:
    line = pool_of(rows)
    assert auc_overall(line, len(rows), Key()).value is None
    assert auc_within(line, len(rows), Key())[0].value is None
    assert youden(roc(line.score, line.right)) is None
