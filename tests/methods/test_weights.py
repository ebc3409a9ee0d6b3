"""Weights as logarithms: against plain arithmetic where that works, and where it does not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.methods.parts.weights import (
    effective_sample_size,
    log_mean_exp,
    log_sum_exp,
    logit,
    normalised,
    softmax,
)

LOGS = st.lists(st.floats(-30, 30), min_size=1, max_size=8)
INF = math.inf


@given(LOGS)
def test_the_sum_is_that_of_plain_arithmetic(logs):
    assert log_sum_exp(logs) == pytest.approx(math.log(sum(map(math.exp, logs))))
    assert log_mean_exp(logs) == pytest.approx(math.log(sum(map(math.exp, logs)) / len(logs)))


@given(LOGS, st.floats(-900, 900))
def test_a_common_factor_changes_no_share(logs, shift):
    shares = normalised(logs)
    assert sum(shares) == pytest.approx(1)
    assert normalised([one + shift for one in logs]) == pytest.approx(shares, abs=1e-9)
    assert log_sum_exp([one + shift for one in logs]) == pytest.approx(log_sum_exp(logs) + shift)


def test_nothing_at_all():
    assert log_sum_exp([]) == log_mean_exp([]) == log_sum_exp([-INF, -INF]) == -INF
    assert normalised([-INF, -INF]) == [0.5, 0.5]
    assert normalised([-INF, -800.0]) == [0.0, 1.0]
    assert effective_sample_size([]) == 0.0


@given(LOGS)
def test_the_effective_sample_size_is_between_one_and_all(logs):
    weights = list(map(math.exp, logs))
    size = effective_sample_size(logs)
    assert size == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
    assert 1 - 1e-9 <= size <= len(logs) + 1e-9


def test_the_effective_sample_size_at_its_ends():
    assert effective_sample_size([3.0] * 5) == pytest.approx(5)
    assert effective_sample_size([0.0, -INF, -INF]) == pytest.approx(1)
    assert effective_sample_size([0.0, 0.0, -INF]) == pytest.approx(2)


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=6))
def test_the_softmax_of_log_odds_are_the_odds(values):
    odds = [r / (1 - r) for r in values]
    assert softmax([logit(r) for r in values]) == pytest.approx([one / sum(odds) for one in odds])


def test_the_temperature_sharpens_and_flattens():
    assert softmax([math.log(4), 0.0], 0.5) == pytest.approx([16 / 17, 1 / 17])
    assert softmax([math.log(4), 0.0], 2.0) == pytest.approx([2 / 3, 1 / 3])


def test_the_log_odds_are_finite_and_symmetric():
    assert logit(0.5) == 0.0
    assert logit(1.0) == logit(2.0) == pytest.approx(-logit(0.0)) == pytest.approx(math.log(1e7), abs=1e-6)
    assert logit(-3.0) == logit(0.0)
    assert logit(0.8) == pytest.approx(math.log(4))
