"""Resampling: what may come, and that each index comes n * weight times on average, by integrals, not by samples."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.key import Key
from passel.methods.parts.resampling import Scheme, ancestors, inverted, multinomial, residual, stratified, systematic

SCHEMES = ["multinomial", "residual", "stratified", "systematic"]
WEIGHTS = st.lists(st.one_of(st.just(0.0), st.floats(0.01, 1.0)), min_size=1, max_size=6).filter(any)
UNIT = st.floats(0, 1, exclude_max=True)


def shares(weights):
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def mean_counts(weights, n, draw):
    """The counts, integrated over the uniform number that all n draws are given. By linearity that is the mean with
    independent numbers too. They are steps, whose edges lie where a sum of shares or of what is left of them does."""
    wanted = [n * share for share in shares(weights)]
    left = [max(0.0, one - math.floor(one + 1e-12)) for one in wanted]
    edges = {0.0, 1.0}
    for i in range(1, len(weights)):
        edges |= {sum(wanted[:i]) % 1.0, sum(wanted[:i]) / n, sum(left[:i]) / (sum(left) or 1.0)}
    mean: Counter[int] = Counter()
    for low, high in pairwise(sorted(min(1.0, edge) for edge in edges)):
        for index in draw((low + high) / 2):
            mean[index] += high - low
    return [mean[i] for i in range(len(weights))], pytest.approx(wanted, abs=1e-6)


@given(WEIGHTS, st.integers(1, 12), UNIT)
def test_systematic_counts_are_floor_or_ceil(weights, n, uniform):
    counts = Counter(systematic(weights, n, uniform))
    assert counts.total() == n
    for index, share in enumerate(shares(weights)):
        assert math.floor(n * share - 1e-9) <= counts[index] <= math.ceil(n * share + 1e-9)


@given(WEIGHTS, st.integers(1, 9), st.sampled_from(SCHEMES))
def test_every_scheme_is_unbiased(weights, n, scheme: Scheme):
    draws = {
        "systematic": lambda u: systematic(weights, n, u),
        "stratified": lambda u: stratified(weights, [u] * n),
        "multinomial": lambda u: multinomial(weights, [u] * n),
        "residual": lambda u: residual(weights, n, [u] * n),
    }
    mean, wanted = mean_counts(weights, n, draws[scheme])
    assert mean == wanted


@given(WEIGHTS, st.integers(1, 9), st.integers(0, 99))
def test_the_schemes_use_the_key_as_they_say(weights, n, seed):
    own = [(Key(seed) / place).uniform() for place in range(n)]
    assert ancestors(weights, n, Key(seed), "systematic") == systematic(weights, n, Key(seed).uniform())
    assert ancestors(weights, n, Key(seed), "stratified") == stratified(weights, own)
    assert ancestors(weights, n, Key(seed), "multinomial") == multinomial(weights, own)
    assert ancestors(weights, n, Key(seed), "residual") == residual(weights, n, own)
    assert len(set(own)) == n, "each draw has a number of its own"


@given(WEIGHTS, st.integers(1, 12), st.integers(0, 99))
def test_residual_keeps_whole_copies(weights, n, seed):
    counts = Counter(ancestors(weights, n, Key(seed), "residual"))
    assert counts.total() == n
    assert all(counts[i] >= math.floor(n * share - 1e-9) for i, share in enumerate(shares(weights)))


@given(WEIGHTS, st.integers(1, 12), st.integers(0, 99), st.sampled_from(SCHEMES))
def test_it_is_a_function_of_the_key_and_takes_no_index_without_weight(weights, n, seed, scheme: Scheme):
    drawn = ancestors(weights, n, Key(seed), scheme)
    assert drawn == ancestors(weights, n, Key(seed), scheme)
    assert drawn == ancestors([8 * weight for weight in weights], n, Key(seed), scheme)
    assert len(drawn) == n
    assert all(weights[index] > 0 for index in drawn)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_equal_weights_and_one_weight(scheme: Scheme):
    if scheme in ("systematic", "residual"):
        assert ancestors([1 / 7] * 7, 7, Key(1), scheme) == list(range(7))
    assert ancestors([0.0, 2.0, 0.0], 5, Key(1), scheme) == [1] * 5
    with pytest.raises(ValueError, match="sum to more than 0"):
        ancestors([0.0, 0.0], 1, Key(1), scheme)


def test_schemes_differ_and_keys_do():
    weights = [0.3, 0.3, 0.4]
    drawn = {tuple(ancestors(weights, 9, Key(seed), "multinomial")) for seed in range(9)}
    assert len(drawn) > 1
    assert inverted(weights, [0.0, 0.3, 0.59, 0.6, 0.999]) == [0, 1, 1, 2, 2]
