"""Resampling until accepted: against all orders of small pools, and the identities of the two-type model."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.estimators.chance import generator
from passel.estimators.verifiers.mixture import Mixture
from passel.estimators.verifiers.resampling import (
    COSTS,
    AcceptedCounts,
    best_tries,
    precision_at_k,
    resampling,
    right_at_k,
    tries_at_k,
    value_at_k,
)

RIGHT, WRONG, REJECTED = 1, -1, 0
pools = st.lists(st.lists(st.sampled_from([RIGHT, WRONG, REJECTED]), min_size=1, max_size=6), min_size=1, max_size=4)


def of(pool: list[list[int]]) -> AcceptedCounts:
    def count(what: int) -> np.ndarray:
        return np.array([row.count(what) for row in pool], np.int64)

    return AcceptedCounts(count(RIGHT), count(WRONG), np.array([len(row) for row in pool], np.int64))


def tried(order: tuple[int, ...], k: int) -> tuple[int, int]:
    """What the first accepted of k tries is (REJECTED: none), and how many were drawn."""
    for number, one in enumerate(order[:k], 1):
        if one != REJECTED:
            return one, number
    return REJECTED, k


@settings(max_examples=60, deadline=None)
@given(pools, st.sampled_from(COSTS), st.sampled_from([0.0, 0.1]))
def test_every_quantity_equals_the_mean_over_all_orders(pool: list[list[int]], cost: float, price: float) -> None:
    most = min(map(len, pool))
    found = of(pool)
    right, tries, value = right_at_k(found, most), tries_at_k(found, most), value_at_k(found, most, cost, price)
    precision = precision_at_k(found, most)
    for k in range(1, most + 1):
        ends = [[tried(order, k) for order in permutations(row)] for row in pool]
        assert right[:, k - 1] == pytest.approx([np.mean([e == RIGHT for e, _ in row]) for row in ends])
        assert tries[:, k - 1] == pytest.approx([np.mean([n for _, n in row]) for row in ends])
        worth = {RIGHT: 1.0, WRONG: -cost, REJECTED: 0.0}
        assert value[:, k] == pytest.approx([np.mean([worth[e] - price * n for e, n in row]) for row in ends])
        shares = [[np.mean([e == what for e, _ in row]) for what in (RIGHT, WRONG)] for row in ends]
        hits, misses = np.sum(shares, axis=0)
        wanted = hits / (hits + misses) if hits + misses else np.nan
        assert precision[k - 1] == pytest.approx(wanted, nan_ok=True)


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
def test_one_problem_has_one_precision_at_every_k(right: int, wrong: int, rejected: int) -> None:
    if not right + wrong:
        return
    pool = [[RIGHT] * right + [WRONG] * wrong + [REJECTED] * rejected]
    found = precision_at_k(of(pool), len(pool[0]))
    assert found == pytest.approx(np.full(len(pool[0]), right / (right + wrong)))


def test_easy_and_hard_problems_make_it_fall_with_k() -> None:
    easy = [RIGHT] * 6 + [WRONG] * 1 + [REJECTED] * 1
    hard = [RIGHT] * 1 + [WRONG] * 2 + [REJECTED] * 5
    found = precision_at_k(of([easy, hard]), 8)
    assert (np.diff(found) < 1e-12).all()
    assert found[0] > found[-1] + 0.1
    assert found[-1] == pytest.approx((6 / 7 + 1 / 3) / 2)


def test_the_ceiling_is_where_the_curve_ends_and_lies_below_coverage() -> None:
    pool = [[RIGHT, WRONG, REJECTED, WRONG], [REJECTED] * 4, [RIGHT] * 4, [WRONG] * 4]
    found = resampling(of(pool), 4, Key())
    assert found.ceiling.value == pytest.approx((1 / 3 + 0 + 1 + 0) / 4)
    assert found.ceiling.value == pytest.approx(right_at_k(of(pool), 4)[:, -1].mean())
    assert found.precision_limit.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert found.never == 1
    assert found.accepted[-1] == 0.75


@settings(deadline=None)
@given(pools)
def test_the_best_k_falls_as_wrong_answers_cost_more(pool: list[list[int]]) -> None:
    """On any pool: what K tries lose to wrong answers only grows with K."""
    found = resampling(of(pool), min(map(len, pool)), Key())
    best = [one.best_k for one in found.values]
    assert best == sorted(best, reverse=True)
    assert all(a.best_value >= b.best_value - 1e-12 for a, b in pairwise(found.values))
    assert all(one.value[0] == 0.0 and one.best_value >= 0.0 for one in found.values)
    assert all(one.low_k <= one.high_k for one in found.values)


def test_no_try_pays_once_a_wrong_answer_costs_more_than_the_right_ones_bring() -> None:
    pool = of([[RIGHT, WRONG, REJECTED, REJECTED]] * 5)  # half of what is accepted is right: even at cost 1
    assert [best_tries(value_at_k(pool, 4, cost).mean(axis=0)) for cost in (0.99, 1.0, 1.01)] == [3, 0, 0]


def test_a_price_for_samples_ends_it_earlier() -> None:
    pool = of([[RIGHT, REJECTED, REJECTED, REJECTED], [REJECTED] * 4])
    best = [int(best_tries(value_at_k(pool, 4, 0.0, price).mean(axis=0))) for price in (0.0, 0.13, 0.2)]
    assert best[0] == 4
    assert best == sorted(best, reverse=True)
    assert best[-1] == 0


def test_more_accepted_than_drawn_is_refused() -> None:
    with pytest.raises(UsageError, match="accepted samples"):
        AcceptedCounts(np.array([2]), np.array([1]), np.array([2]))


PAPER = Mixture((0.58, 0.42), (0.87, 0.13), completeness=1.0, soundness=0.75)
"""The paper's example."""

chances = st.floats(0.02, 0.98)
mixtures = st.builds(
    lambda share, easy, hard, c, s: Mixture((share, 1 - share), (max(easy, hard), min(easy, hard)), c, s),
    *(chances,) * 5,
)


def test_the_papers_example_by_hand() -> None:
    assert PAPER.reject.tolist() == pytest.approx([0.75 * 0.13, 0.75 * 0.87])
    assert PAPER.value(1, cost=1) == pytest.approx(0.58 * (0.87 - 0.0325) + 0.42 * (0.13 - 0.2175))
    second = 0.58 * 0.0975 * (0.87 - 0.0325) + 0.42 * 0.6525 * (0.13 - 0.2175)
    assert PAPER.value(2, cost=1) == pytest.approx(PAPER.value(1, cost=1) + second)
    assert PAPER.belief(2).tolist() == pytest.approx(np.array([0.05655, 0.27405]) / 0.3306)


def test_the_best_k_of_two_types_has_a_closed_form() -> None:
    """Tries pay while p1 b1^(k-1) m1 + p2 b2^(k-1) m2 > 0: up to the root of that sum of two powers."""
    for cost in (0.7, 1.0, 2.0, 4.0):
        gain = PAPER.accept_right - cost * PAPER.accept_wrong
        (easy, hard), (b1, b2) = PAPER.shares * gain, PAPER.reject
        root = np.log(-easy / hard) / np.log(b2 / b1) + 1
        assert PAPER.best_tries(cost) == int(np.ceil(root)) - 1
    assert [PAPER.best_tries(cost) for cost in (0.7, 1.0, 2.0, 4.0)] == [3, 2, 1, 1]


@settings(deadline=None)
@given(mixtures, st.integers(1, 30))
def test_the_closed_form_is_the_sum_over_tries(mixture: Mixture, k: int) -> None:
    """With the prior shares times the survival of each type, which counts hardness once."""
    total, alive = 0.0, np.array(mixture.shares)
    for _ in range(k):
        total += float(alive @ (mixture.accept_right - 2.0 * mixture.accept_wrong - 0.01))
        alive = alive * mixture.reject
    assert mixture.value(k, 2.0, 0.01) == pytest.approx(total)
    assert mixture.reaching(k + 1) == pytest.approx(alive)
    assert mixture.belief(k + 1) == pytest.approx(alive / alive.sum())


@settings(deadline=None)
@given(chances, chances, chances, st.integers(1, 40))
def test_one_type_has_one_precision_at_every_try(right: float, c: float, s: float, k: int) -> None:
    one = Mixture((1.0,), (right,), c, s)
    wanted = c * right / (c * right + (1 - s) * (1 - right))
    assert one.precision(k) == pytest.approx(wanted)
    assert one.precision_within(k) == pytest.approx(wanted)


@settings(deadline=None)
@given(mixtures)
def test_a_mix_loses_precision_with_every_try(mixture: Mixture) -> None:
    """Where the verifier is better than chance (c > 1 - s); else easy problems are those accepted late."""
    if mixture.completeness <= 1 - mixture.soundness:
        return
    for precision in (mixture.precision, mixture.precision_within):
        values = np.array([precision(k) for k in range(1, 25)])
        assert (np.diff(values) <= 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(mixtures, st.lists(st.floats(0, 20), min_size=2, max_size=6))
def test_the_best_k_of_a_mix_falls_with_the_cost(mixture: Mixture, costs: list[float]) -> None:
    best = [mixture.best_tries(cost, max_tries=200) for cost in sorted(costs)]
    assert best == sorted(best, reverse=True)


@settings(max_examples=40, deadline=None)
@given(mixtures)
def test_zero_tries_once_the_first_loses(mixture: Mixture) -> None:
    if mixture.completeness <= 1 - mixture.soundness:
        return
    even = float(np.array(mixture.shares) @ mixture.accept_right / (np.array(mixture.shares) @ mixture.accept_wrong))
    assert mixture.best_tries(even * 1.01, max_tries=100) == 0
    assert mixture.best_tries(even * 0.99, max_tries=100) >= 1


def test_pools_drawn_from_the_mixture_agree_with_it() -> None:
    """4000 problems of 12 samples: every estimate within four standard errors (at most 0.5 / sqrt 4000 = 0.008)."""
    chance = generator(Key(7))
    easy = chance.random(4000) < PAPER.shares[0]
    right = chance.random((4000, 12)) < np.where(easy, *PAPER.right)[:, None]
    accepted = np.where(right, True, chance.random((4000, 12)) >= PAPER.soundness)
    sizes = np.full(4000, 12)
    pool = AcceptedCounts((accepted & right).sum(axis=1), (accepted & ~right).sum(axis=1), sizes)
    for cost in (0.0, 1.0, 2.0):
        found = value_at_k(pool, 12, cost).mean(axis=0)
        wanted = [PAPER.value(k, cost) for k in range(13)]
        assert found == pytest.approx(wanted, abs=0.032 * (1 + cost))
    assert precision_at_k(pool, 12) == pytest.approx([PAPER.precision_within(k) for k in range(1, 13)], abs=0.032)
    assert best_tries(value_at_k(pool, 12, 1.0).mean(axis=0)) == PAPER.best_tries(1.0) == 2


@pytest.mark.parametrize(
    "values",
    [((0.5, 0.4), (0.1, 0.2), 1, 1), ((1.0,), (0.1, 0.2), 1, 1), ((1.0,), (1.2,), 1, 1), ((1.0,), (0.5,), -1, 1)],
)
def test_a_mixture_that_is_none_is_refused(values: tuple) -> None:
    with pytest.raises(UsageError):
        Mixture(*values)
