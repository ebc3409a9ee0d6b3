"""Cost-of-pass and the Pareto frontier."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.estimators.chance import generator
from passel.estimators.cost_of_pass import cost_of_pass, cost_per_right_answer, counterfactual, frontier, task_value
from passel.estimators.pareto import pareto

NAN, INF = float("nan"), float("inf")


def test_equals_what_attempts_until_success_cost() -> None:
    """A pool of attempts, replayed until one succeeds; right ones are dearer, so independence alone would not do."""
    rng = generator(Key(1))
    scores = (rng.random(30) < 0.3).astype(float)
    costs = rng.lognormal(size=30) * (1 + 2 * scores)
    spent: list[float] = []
    for _ in range(20_000):
        total, won = 0.0, False
        while not won:
            attempt = int(rng.integers(30))
            total, won = total + costs[attempt], scores[attempt] == 1.0
        spent.append(total)
    error = float(np.std(spent)) / len(spent) ** 0.5
    assert abs(np.mean(spent) - cost_of_pass(costs[None], scores[None])[0]) < 4 * error


def test_never_right_is_infinite_and_unscored_is_neither() -> None:
    costs = np.full((4, 2), 3.0)
    scores = np.array([[1.0, 0.0], [0.0, 0.0], [NAN, 1.0], [NAN, NAN]])
    assert cost_of_pass(costs, scores).tolist() == pytest.approx([6.0, INF, 3.0, NAN], nan_ok=True)
    assert cost_of_pass(np.zeros((1, 1)), np.zeros((1, 1))).tolist() == [INF]


def test_cost_per_right_answer() -> None:
    assert cost_per_right_answer(3.0, 0.5) == 6.0
    assert cost_per_right_answer(3.0, 0.0) is None
    assert cost_per_right_answer(3.0, None) is None


costs = arrays(np.float64, (3, 4), elements=st.floats(0.01, 100) | st.just(INF))


@given(costs, st.floats(0.01, 100))
def test_a_method_or_an_expert_never_makes_it_dearer(values: np.ndarray, expert: float) -> None:
    fewer, all_of_them = frontier(values[:2]), frontier(values)
    assert np.all(all_of_them <= fewer)
    with_expert = frontier(values, expert)
    assert np.all(with_expert <= np.minimum(all_of_them, expert))
    assert task_value(with_expert) <= expert * (1 + 1e-12)
    ratio = counterfactual({"a": values[0], "b": values[1], "c": values[2]}, ["c"], expert)
    assert ratio >= 1 - 1e-12


def test_frontier_without_methods_or_scores() -> None:
    assert frontier(np.zeros((0, 2))).tolist() == [INF, INF]
    assert frontier(np.zeros((0, 2)), 5.0).tolist() == [5.0, 5.0]
    assert frontier(np.array([[NAN, 2.0], [NAN, NAN]])).tolist() == pytest.approx([NAN, 2.0], nan_ok=True)
    assert task_value(np.array([NAN, 2.0, 4.0])) == 3.0
    assert task_value(np.array([INF, 2.0])) == INF
    assert np.isnan(task_value(np.array([])))


def test_counterfactual() -> None:
    values = {"small": np.array([1.0, INF, NAN]), "large": np.array([4.0, 6.0, NAN])}
    assert counterfactual(values, ["small"]) == pytest.approx(5.0 / 3.5)
    assert counterfactual(values, ["large"]) == INF
    assert counterfactual(values, ["small", "large"], np.array([8.0, 8.0, 9.0])) == pytest.approx(8.0 / 3.5)
    assert np.isnan(counterfactual({"small": values["small"]}, []))
    with pytest.raises(UsageError, match="medium"):
        counterfactual(values, ["medium"])
    with pytest.raises(UsageError):
        counterfactual({}, [])


@pytest.mark.parametrize("share", [0.51, 0.6, 0.75, 0.9, 0.99])
@pytest.mark.parametrize("n", [3, 5, 15])
def test_majority_voting_raises_cost_of_pass(share: float, n: int) -> None:
    """n votes cost n times as much and are right at most 1 / share times as often, and n > 1 / share."""
    rng = generator(Key(n))
    votes = (rng.random((20_000, n)) < share).mean(axis=1) > 0.5
    one = cost_of_pass(np.ones((1, 1)), np.array([[share]]))[0]
    many = cost_of_pass(np.full((1, 20_000), float(n)), votes[None].astype(float))[0]
    assert many > one


points = arrays(np.float64, st.tuples(st.just(2), st.integers(0, 8)), elements=st.sampled_from([0.0, 1.0, 2.0, NAN]))


@given(points)
def test_pareto_equals_its_definition(both: np.ndarray) -> None:
    cost, value = both
    pairs = list(zip(cost.tolist(), value.tolist(), strict=True))
    assert pareto(cost, value).tolist() == [
        c == c and v == v and not any(a <= c and w >= v and (a < c or w > v) for a, w in pairs) for c, v in pairs
    ]
