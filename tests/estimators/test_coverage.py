"""Coverage: the estimator against all k-subsets, the Beta law, the fit."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.estimators.chance import generator
from passel.estimators.coverage import fit_power_law, pass_at_k


@pytest.mark.parametrize("right", range(9))
def test_equals_the_mean_over_all_subsets(right: int) -> None:
    pool = [1] * right + [0] * (8 - right)
    truth = [np.mean([max(subset) for subset in combinations(pool, k)]) for k in range(1, 9)]
    assert pass_at_k(np.array([right]), np.array([8]))[0] == pytest.approx(truth, abs=1e-14)


@given(st.integers(1, 3000), st.data())
def test_large_pools_agree_with_integer_arithmetic(n: int, data: st.DataObject) -> None:
    right, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    curve = pass_at_k(np.array([right]), np.array([n]))[0]
    # the ratio of two integers is correctly rounded, the running product is off by at most n roundings
    assert curve[k - 1] == pytest.approx(1 - comb(n - right, k) / comb(n, k), abs=1e-12)
    assert np.all(np.diff(curve) >= 0)


def test_short_pools_end_in_nan() -> None:
    curves = pass_at_k(np.array([1, 0, 0]), np.array([2, 3, 0]))
    assert curves[0].tolist() == pytest.approx([0.5, 1.0, np.nan], nan_ok=True)
    assert curves[1].tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(curves[2]).all()
    assert pass_at_k(np.array([2]), np.array([4]), max_k=2).shape == (1, 2)
    assert np.isnan(pass_at_k(np.array([1]), np.array([1]), max_k=2)[0, 1])


def test_no_problem_gives_no_row() -> None:
    none = np.zeros(0, np.int64)
    assert pass_at_k(none, none).shape == (0, 0)


@pytest.mark.parametrize(("right", "samples"), [([3], [2]), ([-1], [2]), ([1, 1], [2])])
def test_impossible_counts_are_refused(right: list[int], samples: list[int]) -> None:
    with pytest.raises(UsageError):
        pass_at_k(np.array(right), np.array(samples))


def test_is_unbiased_for_beta_distributed_problems() -> None:
    """E[pass@k] = 1 - B(a, b + k) / B(a, b) = 1 - prod_j (b + j) / (a + b + j) whatever n."""
    a, b, n, problems = 0.5, 2.0, 40, 20_000
    rng = generator(Key(3))
    curves = pass_at_k(rng.binomial(n, rng.beta(a, b, problems)), np.full(problems, n))
    j = np.arange(n)
    truth = 1 - np.cumprod((b + j) / (a + b + j))
    error = curves.std(axis=0) / problems**0.5
    assert np.all(np.abs(curves.mean(axis=0) - truth) < 4.5 * error)


def test_power_law_recovers_its_own_curve() -> None:
    k = np.unique(np.geomspace(1, 1000, 30).round())
    law = fit_power_law(k, np.exp(-1.7 * k**-0.35))
    assert law is not None
    assert (law.a, law.b) == pytest.approx((-1.7, -0.35), abs=1e-5)
    assert law.r2 == pytest.approx(1.0)
    assert law.at([8.0])[0] == pytest.approx(np.exp(-1.7 * 8**-0.35), abs=1e-5)


def test_power_law_fits_beta_coverage() -> None:
    j = np.arange(1000)
    coverage = 1 - np.cumprod((2.0 + j) / (2.4 + j))
    k = np.unique(np.geomspace(1, 1000, 30).astype(int))
    law = fit_power_law(k, coverage[k - 1])
    assert law is not None
    assert law.r2 > 0.99
    assert law.a < 0
    assert law.b < 0


@pytest.mark.parametrize("coverage", [[0.5, 0.5, 0.5], [0.0, 0.0, 0.5], []])
def test_power_law_needs_points_that_vary(coverage: list[float]) -> None:
    assert fit_power_law(range(1, len(coverage) + 1), coverage) is None
