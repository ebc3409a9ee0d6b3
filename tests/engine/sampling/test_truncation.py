"""Truncations leave what their definitions say, to the token, whatever ties there are."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sampler_cases import INF, kept, masses, rows_of_logits, smallest_set, weights_of

from passel.engine.sampling import min_p, top_k, top_p, typical
from passel.engine.sampling.leading import leading
from passel.engine.sampling.smallest_set import keep_smallest_set


def parameters(data, kind, rows, dtype=torch.float64):
    return torch.tensor(data.draw(st.lists(kind, min_size=rows, max_size=rows)), dtype=dtype)


def left_alone(before, after, neutral):
    """What is kept has its logit; rows with a neutral parameter are the same to the last bit."""
    assert torch.equal(after[after > -INF], before[after > -INF])
    assert torch.equal(after[neutral], before[neutral])


@settings(max_examples=60, deadline=None)
@given(rows_of_logits(), st.data())
def test_top_p_is_the_smallest_set_with_the_mass(logits, data):
    mass = parameters(data, masses, len(logits))
    before = logits.clone()
    after = top_p(logits, mass)
    assert torch.equal(logits, before)
    left_alone(logits, after, mass == 1)
    for row, (got, weights) in enumerate(zip(kept(after), weights_of(logits), strict=True)):
        if mass[row] < 1:
            assert got == smallest_set(logits[row].tolist(), weights, float(mass[row]))


@pytest.mark.parametrize(("vocab", "mass", "count"), [(10, 0.5, 5), (10, 0.0, 1), (8, 0.51, 5), (3, 0.34, 2)])
def test_of_equal_tokens_the_first_are_kept(vocab, mass, count):
    """The sum of ten float32 tenths is more than 1: in float32 half the mass of ten tokens would be six of them."""
    logits = torch.full((1, vocab), 0.3)
    masses = torch.tensor([mass], dtype=torch.float64)
    assert kept(top_p(logits, masses)) == [set(range(count))]
    assert kept(typical(logits, masses)) == [set(range(count))]


@settings(max_examples=60, deadline=None)
@given(rows_of_logits(), st.data())
def test_top_k_keeps_k_tokens_and_of_equal_ones_the_first(logits, data):
    vocab = logits.shape[1]
    k = parameters(data, st.integers(0, vocab + 2), len(logits), torch.int64)
    after = top_k(logits, k)
    left_alone(logits, after, (k == 0) | (k >= vocab))
    for row, (values, got) in enumerate(zip(logits.tolist(), kept(after), strict=True)):
        wanted = sorted(range(vocab), key=lambda token: (-values[token], token))[: int(k[row]) or vocab]
        assert got == {token for token in wanted if values[token] > -INF}


@settings(max_examples=40, deadline=None)
@given(rows_of_logits(), st.data())
def test_leading_tokens_are_those_of_a_stable_sort(logits, data):
    count = data.draw(st.integers(1, logits.shape[1] + 1))
    row, token, rank = (part.tolist() for part in leading(logits, count))
    wanted = [
        (at, token, rank)
        for at, values in enumerate(logits.tolist())
        for rank, token in enumerate(sorted(range(len(values)), key=lambda token: (-values[token], token))[:count])
        if values[token] > -INF
    ]
    assert list(zip(row, token, rank, strict=True)) == wanted


@settings(max_examples=40, deadline=None)
@given(rows_of_logits(), st.data())
def test_min_p_keeps_what_has_a_share_of_the_top_probability(logits, data):
    share = parameters(data, st.sampled_from([0.0, 0.05, 0.5, 1.0]) | st.floats(0, 1), len(logits))
    after = min_p(logits, share)
    left_alone(logits, after, share == 0)
    for row, (values, got) in enumerate(zip(logits.tolist(), kept(after), strict=True)):
        top = max(values)
        for token, value in enumerate(values):
            ratio = math.exp(value - top)
            if abs(ratio - share[row]) > 1e-5 * share[row]:
                assert (token in got) == (value > -INF and ratio > share[row])
        assert values.index(top) in got


@settings(max_examples=60, deadline=None)
@given(rows_of_logits(), st.data())
def test_typical_is_the_smallest_set_nearest_to_the_entropy(logits, data):
    """Distances are of float32, so which of two tokens is nearer may turn on rounding: up to that, a smallest set."""
    mass = parameters(data, masses, len(logits))
    after = typical(logits, mass)
    left_alone(logits, after, mass == 1)
    probabilities = logits.double().softmax(-1)
    logs = logits.double().log_softmax(-1)
    for row in torch.nonzero(mass < 1).flatten().tolist():
        entropy = -sum(p * s for p, s in zip(probabilities[row].tolist(), logs[row].tolist(), strict=True) if p > 0)
        distance = (-logs[row] - entropy).abs()
        inside = after[row] > -INF
        farthest = float(distance[inside].max())
        assert farthest <= min(distance[~inside].tolist(), default=INF) + 1e-4
        reached = float(probabilities[row][inside].sum())
        assert reached >= mass[row] - 1e-5
        last = float(probabilities[row][inside & (distance >= farthest - 1e-4)].max())
        assert reached - last < mass[row] + 1e-5 or int(inside.sum()) == 1


def test_typical_leaves_out_a_token_that_is_too_likely():
    """Meister et al., section 4: the most likely token need not be typical. Here p = 0.4 and 60 tokens of 0.01."""
    logits = torch.tensor([[0.4, *[0.01] * 60]]).log()
    assert kept(typical(logits, torch.tensor([0.55], dtype=torch.float64))) == [set(range(1, 56))]
    assert kept(top_p(logits, torch.tensor([0.55], dtype=torch.float64))) == [set(range(16))]


def test_typical_counts_unlikely_tokens_that_are_nearer_to_the_entropy():
    """The entropy is 5.56 nats, and the likely token, of 1.2, is farther from it than those of 9.9, which are so
    unlikely that without them there would still be a mass of 0.95."""
    logits = torch.tensor([[0.3, *[0.65 / 900] * 900, *[0.05 / 1000] * 1000]]).log()
    assert kept(typical(logits, torch.tensor([0.9], dtype=torch.float64))) == [set(range(1901))]
    assert len(kept(typical(logits, torch.tensor([0.69], dtype=torch.float64)))[0]) in range(1690, 1710)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_smallest_set_by_any_keys_and_weights(data):
    """Weights are eighths, so that sums are exact, and keys reach far beyond the histogram's depth."""
    vocab, count = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 3))

    def numbers(kind):
        lists = st.lists(kind, min_size=vocab, max_size=vocab)
        return [data.draw(lists) for _ in range(count)]

    keys = numbers(st.sampled_from([0.0, -0.01, -0.02, -1.0, -31.9, -40.0, -41.0, -5000.0]))
    weights = numbers(st.integers(1, 3).map(lambda eighths: eighths / 8))
    mass = parameters(data, st.integers(0, 7).map(lambda eighths: eighths / 8), count)
    floor = torch.zeros(count)
    logits = torch.zeros(count, vocab)
    got = kept(keep_smallest_set(logits, torch.tensor(keys), torch.tensor(weights), mass, floor))
    assert got == [smallest_set(*row) for row in zip(keys, weights, mass.tolist(), strict=True)]


def test_a_neutral_row_keeps_tokens_whose_probability_rounds_to_zero():
    logits = torch.tensor([[0.0, -200.0], [0.0, -200.0]])
    mass = torch.tensor([1.0, 0.5], dtype=torch.float64)
    for transform in (top_p, typical):
        assert kept(transform(logits, mass)) == [{0, 1}, {0}]
    assert kept(min_p(logits, 1 - mass)) == [{0, 1}, {0}]


def test_rows_do_not_mind_their_neighbours():
    noise = torch.Generator().manual_seed(3)
    logits = torch.randn(5, 3000, generator=noise) * 3
    mass = torch.tensor([0.1, 0.9, 1.0, 0.999, 0.5], dtype=torch.float64)
    for transform in (top_p, typical):
        alone = torch.cat([transform(logits[row : row + 1], mass[row : row + 1]) for row in range(5)])
        assert torch.equal(transform(logits, mass), alone)
    k = torch.tensor([1, 50, 0, 2000, 3])
    assert torch.equal(
        top_k(logits, k), torch.cat([top_k(logits[row : row + 1], k[row : row + 1]) for row in range(5)])
    )
