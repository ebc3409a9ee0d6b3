"""Intervals over problems."""

import numpy as np
import pytest

from passel.core.key import Key
from passel.estimators.chance import generator
from passel.estimators.intervals import bootstrap_weights, curve_interval, difference_interval, mean_interval, wilson

NAN = float("nan")


def test_bootstrap_covers_about_as_often_as_it_says() -> None:
    """Of 400 intervals at 95 %: within 4 standard errors (0.011) and the percentile's known shortfall at n = 40."""
    truth, hits = 0.3, 0
    for trial in range(400):
        scores = (generator(Key(trial)).random(40) < truth).astype(float)
        _, low, high = mean_interval(scores, Key(trial) / "bootstrap", resamples=500)
        assert low is not None
        assert high is not None
        hits += low <= truth <= high
    assert 0.88 <= hits / 400 <= 0.985


def test_bootstrap_spread_is_the_standard_error() -> None:
    scores = generator(Key(1)).random(200)
    means = bootstrap_weights(200, Key(2), 4000) @ scores
    assert means.std() == pytest.approx(scores.std() / 200**0.5, rel=4.5 / (2 * 4000) ** 0.5)


@pytest.mark.parametrize(("score", "low", "high"), [(1.0, 0.8389, 1.0), (0.0, 0.0, 0.1611)])
def test_all_equal_scores_are_not_certain(score: float, low: float, high: float) -> None:
    assert mean_interval(np.full(20, score), Key()) == pytest.approx((score, low, high), abs=1e-4)
    curve = curve_interval(np.full((20, 2), score), Key())
    assert [line.tolist() for line in curve] == pytest.approx(np.array([[score] * 2, [low] * 2, [high] * 2]), abs=1e-4)


def test_wilson_of_a_half() -> None:
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)  # the textbook's


def test_no_and_one_problem() -> None:
    assert mean_interval(np.array([]), Key()) == (None, None, None)
    assert mean_interval(np.array([NAN]), Key()) == (None, None, None)
    assert difference_interval(np.array([NAN]), np.array([1.0]), Key()) == (None, None, None)
    assert mean_interval(np.array([1.0]), Key()) == pytest.approx((1.0, 0.2065, 1.0), abs=1e-4)
    assert difference_interval(np.array([1.0]), np.array([0.0]), Key())[0] == 1.0
    assert all(line.shape == (0,) for line in curve_interval(np.zeros((0, 0)), Key()))
    assert all(np.isnan(line).all() for line in curve_interval(np.zeros((0, 3)), Key()))


def test_paired_difference_is_the_difference_of_means_and_narrower() -> None:
    rng = generator(Key(4))
    hard = rng.random(100)
    one, other = (rng.random(100) < hard) * 1.0, (rng.random(100) < hard) * 1.0
    value, low, high = difference_interval(one, other, Key())
    assert value == pytest.approx(one.mean() - other.mean())
    assert low is not None
    assert high is not None
    assert low < value < high
    paired = difference_interval(one, np.where(np.arange(100) < 5, 1 - one, one), Key())
    single = mean_interval(one, Key())
    assert paired[1] is not None and paired[2] is not None and single[1] is not None and single[2] is not None  # noqa: PT018
    assert paired[2] - paired[1] < single[2] - single[1]


def test_unscored_problems_are_left_out_of_both_sides() -> None:
    one, other = np.array([1.0, NAN, 1.0, 0.0]), np.array([0.0, 1.0, NAN, 0.0])
    kept = difference_interval(np.array([1.0, 0.0]), np.array([0.0, 0.0]), Key())
    assert difference_interval(one, other, Key()) == kept
    assert kept[0] == 0.5


def test_methods_that_always_agree_are_not_certainly_equal() -> None:
    value, low, high = difference_interval(np.ones(20), np.ones(20), Key())
    assert (value, low, high) == pytest.approx((0.0, -0.1611, 0.1611), abs=1e-4)


def test_a_column_of_a_curve_is_the_interval_of_its_mean() -> None:
    values = generator(Key(6)).random((50, 3))
    value, low, high = curve_interval(values, Key(7), resamples=2000)
    for k in range(3):
        assert (value[k], low[k], high[k]) == pytest.approx(mean_interval(values[:, k], Key(7)))


def test_ragged_curves_leave_short_problems_out() -> None:
    values = np.array([[0.0, 1.0, NAN], [0.5, NAN, NAN], [1.0, 0.0, NAN]])
    value, low, high = curve_interval(values, Key())
    assert value.tolist() == pytest.approx([0.5, 0.5, NAN], nan_ok=True)
    assert np.isnan([low[2], high[2]]).all()
    assert low[1] == 0.0
    assert high[1] == 1.0


def test_the_key_decides() -> None:
    scores = generator(Key(8)).random(30)
    assert mean_interval(scores, Key(1)) == mean_interval(scores, Key(1))
    assert mean_interval(scores, Key(1)) != mean_interval(scores, Key(2))
