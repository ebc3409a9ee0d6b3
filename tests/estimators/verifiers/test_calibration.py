"""Reliability, expected calibration error and the Brier score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.key import Key
from passel.estimators.chance import generator
from passel.estimators.verifiers.calibration import calibration, equal_mass
from passel.estimators.verifiers.samples import ScoredAnswers, verifier_samples


def line(score: np.ndarray, right: np.ndarray, columns: int) -> tuple[ScoredAnswers, int]:
    values, scores = right.astype(float).reshape(-1, columns), score.reshape(-1, columns)
    ids = [str(i) for i in range(len(values))]
    return verifier_samples(values.tolist(), scores.tolist(), ids).scored_answers(), len(ids)


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), min_size=1, max_size=60), st.integers(1, 10))
def test_bins_keep_order_and_never_part_equals(scores: list[float], bins: int) -> None:
    score = np.array(scores)
    of = equal_mass(score, bins)
    assert set(of.tolist()) == set(range(int(of.max()) + 1))
    assert of.max() < bins
    for a, b in zip(*np.triu_indices(len(score), 1), strict=True):
        assert (
            (of[a] == of[b]) if score[a] == score[b] else ((of[a] <= of[b]) == (score[a] < score[b]) or of[a] == of[b])
        )


def test_bins_of_distinct_scores_are_of_equal_mass() -> None:
    of = equal_mass(generator(Key(1)).random(1000), 10)
    assert np.bincount(of).tolist() == [100] * 10


def test_a_calibrated_verifier_has_no_error_and_a_confident_one_has() -> None:
    chance = generator(Key(2))
    score = chance.random(40_000)
    right = chance.random(40_000) < score
    good = calibration(*line(score, right, 20), Key())
    assert good.error < 0.015
    assert good.brier.value == pytest.approx(1 / 6, abs=0.005)  # E[p (1 - p)] of a uniform p
    inside = [b.right.low <= b.score <= b.right.high for b in good.bins]
    assert sum(inside) >= 8
    sharp = calibration(*line(np.sqrt(score), right, 20), Key())
    assert sharp.error == pytest.approx(2 / 3 - 1 / 2, abs=0.01)  # E[sqrt p] - E[p]


def test_ece_and_bins_by_hand() -> None:
    score = np.array([0.2] * 10 + [0.8] * 10)
    right = np.array([True] * 4 + [False] * 6 + [True] * 7 + [False] * 3)
    found = calibration(*line(score, right, 1), Key())
    assert [(b.score, b.samples, b.right.value) for b in found.bins] == [
        (pytest.approx(0.2), 10, 0.4),
        (pytest.approx(0.8), 10, 0.7),
    ]
    assert found.error == pytest.approx((0.2 + 0.1) / 2)
    assert found.brier.value == pytest.approx((4 * 0.64 + 6 * 0.04 + 7 * 0.04 + 3 * 0.64) / 20)


def test_murphys_decomposition_is_exact_where_bins_hold_one_score() -> None:
    chance = generator(Key(4))
    score = chance.integers(0, 5, 400) / 4
    right = chance.random(400) < 0.2 + 0.5 * score
    found = calibration(*line(score, right, 4), Key(), bins=400)
    assert found.brier.value == pytest.approx(found.reliability - found.resolution + found.uncertainty)
    assert found.brier.value == pytest.approx(((score - right) ** 2).mean())
    assert found.brier.low < found.brier.value < found.brier.high


def test_within_bins_the_rest_is_variance_less_twice_the_covariance() -> None:
    """Stephenson et al. 2008, equation for the within-bin terms."""
    chance = generator(Key(6))
    score = chance.random(500)
    right = chance.random(500) < score
    found = calibration(*line(score, right, 5), Key())
    of = equal_mass(score, 10)
    rest = 0.0
    for b in range(10):
        s, o = score[of == b], right[of == b].astype(float)
        rest += len(s) / 500 * (s.var() - 2 * ((s - s.mean()) * (o - o.mean())).mean())
    assert found.brier.value == pytest.approx(found.reliability - found.resolution + found.uncertainty + rest)


@pytest.mark.parametrize("scores", [[[None, None]], [[0.5, 1.2]], [[-0.1, 0.5]], []])
def test_only_scores_in_the_unit_interval_are_read_as_chances(scores: list[list[float | None]]) -> None:
    pool = verifier_samples([[1.0] * len(row) for row in scores], scores, [str(i) for i in range(len(scores))])
    assert calibration(pool.scored_answers(), len(scores), Key()) is None


def test_what_has_no_score_is_left_out() -> None:
    pool = verifier_samples([[1.0, 0.0, 1.0]], [[0.9, None, float("nan")]], ["a"])
    found = calibration(pool.scored_answers(), 1, Key())
    assert [(b.samples, b.score) for b in found.bins] == [(1, 0.9)]
