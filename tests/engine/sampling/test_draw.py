"""Draws follow the distribution exactly, and never what is excluded."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sampler_cases import INF, rows_of_logits

from passel.engine.sampling import argmax, draw

EDGES = [0.0, 2.0**-60, 0.5, 1 - 2.0**-53, 1.0]


def shares(logits, steps):
    """How much of the unit interval leads to each token, by a grid of midpoints; each is off by 1 / steps at most."""
    u = (torch.arange(steps, dtype=torch.float64) + 0.5) / steps
    tokens = draw(logits.expand(steps, -1), u)
    return torch.bincount(tokens, minlength=logits.shape[-1]).double() / steps


@pytest.mark.parametrize("vocab", [1, 2, 7, 256, 600])
def test_the_distribution_is_the_softmax(vocab):
    logits = torch.randn(vocab, generator=torch.Generator().manual_seed(vocab)) * 2
    logits[1::5] = -INF
    steps = 4000
    error = (shares(logits, steps) - logits.double().softmax(-1)).abs()
    assert float(error.max()) <= 1.0 / steps + 1e-6


@settings(max_examples=60, deadline=None)
@given(rows_of_logits(), st.floats(0, 1, exclude_max=True))
def test_a_draw_is_where_the_cumulative_sum_passes_u(logits, u):
    tokens = draw(logits, torch.full((len(logits),), u, dtype=torch.float64)).tolist()
    for token, weights in zip(tokens, logits.double().softmax(-1).numpy(), strict=True):
        ends = np.cumsum(weights)
        assert ends[token] - weights[token] <= u + 1e-6
        assert u <= ends[token] + 1e-6


@settings(max_examples=60, deadline=None)
@given(rows_of_logits(), st.sampled_from(EDGES) | st.floats(0, 1))
def test_what_is_excluded_is_never_drawn(logits, u):
    tokens = draw(logits, torch.full((len(logits),), u, dtype=torch.float64))
    assert (logits.gather(1, tokens.unsqueeze(1)) > -INF).all()


@pytest.mark.parametrize("u", EDGES)
def test_tokens_whose_probability_rounds_to_zero_are_not_drawn(u):
    """Float32 has no number for exp(-200), so the only token that can be drawn is the one at the top."""
    logits = torch.full((1, 700), -200.0)
    logits[0, 400] = 0.0
    assert draw(logits, torch.tensor([u], dtype=torch.float64)).tolist() == [400]


def test_a_block_is_not_entered_by_what_is_excluded_at_its_start():
    """Where u is the end of a block and the next has little mass, rounding leads to before its first token."""
    logits = torch.randn(500, 600, generator=torch.Generator().manual_seed(2))
    logits[:, 256:] -= 25.0
    logits[:, 256:260] = -INF
    sums = torch.stack([part.sum(-1) for part in logits.softmax(-1).split(256, 1)], 1).double()
    tokens = draw(logits, sums[:, 0] / sums.sum(-1))
    assert not ((tokens >= 256) & (tokens < 260)).any()
    assert set(tokens.tolist()) <= {254, 255, 260}


def test_a_long_tail_keeps_its_mass():
    """A float32 cumulative sum stops at about 0.5 + 2**-25 n: half a million equal tokens after a likely one would
    get the mass that rounding leaves them."""
    vocab = 1 << 19
    logits = torch.zeros(1, vocab)
    logits[0, 0] = float(np.log(vocab - 1))
    u = torch.linspace(0.5, 1, 65, dtype=torch.float64)[1:-1]
    tokens = draw(logits.expand(len(u), -1), u).double()
    assert float((tokens / vocab - (2 * u - 1)).abs().max()) < 4e-6


def test_a_row_alone_draws_what_it_draws_among_others():
    noise = torch.Generator().manual_seed(0)
    logits, u = torch.randn(7, 5000, generator=noise), torch.rand(7, generator=noise, dtype=torch.float64)
    alone = [int(draw(logits[row : row + 1], u[row : row + 1])) for row in range(7)]
    assert draw(logits, u).tolist() == alone


@settings(max_examples=60, deadline=None)
@given(rows_of_logits())
def test_argmax_takes_the_first_of_equal_tokens(logits):
    assert argmax(logits).tolist() == [row.index(max(row)) for row in logits.tolist()]


@pytest.mark.parametrize("bad", [-INF, float("nan")])
def test_a_row_without_a_token_is_named(bad):
    logits = torch.zeros(3, 300)
    logits[1] = bad
    with pytest.raises(ValueError, match=r"rows \[1\]"):
        argmax(logits)
    with pytest.raises(ValueError, match=r"rows \[1\]"):
        draw(logits, torch.full((3,), 0.5, dtype=torch.float64))
    logits[1] = 0.0
    logits[2, 7] = float("nan")
    with pytest.raises(ValueError, match=r"rows \[2\]"):
        draw(logits, torch.full((3,), 0.5, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"rows \[2\]"):
        argmax(logits)
