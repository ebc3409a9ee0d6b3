"""Logits and parameters that the tests of samplers draw, and the definitions written out row by row."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from hypothesis import strategies as st

from passel.engine.sampling.smallest_set import ROUNDING

INF = float("inf")

ties = st.lists(st.sampled_from([-INF, -40.0, -3.0, -0.5, 0.0, 0.25, 1.0, 4.0]), min_size=1, max_size=40)
floats = st.lists(st.floats(-30, 30, width=32) | st.just(-INF), min_size=1, max_size=40)
masses = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 0.95, 1.0]) | st.floats(0, 1)


@st.composite
def rows_of_logits(draw, most=3):
    """Logits [rows, vocab] with a token left in each row: few values with many ties, any values, or a long row."""
    count = draw(st.integers(1, most))
    if draw(st.booleans()):
        first = draw(ties | floats)
        kind = st.sampled_from(first) if draw(st.booleans()) else st.floats(-30, 30, width=32)
        others = st.lists(kind, min_size=len(first), max_size=len(first))
        rows = torch.tensor([first, *(draw(others) for _ in range(count - 1))], dtype=torch.float32)
    else:
        noise = torch.Generator().manual_seed(draw(st.integers(0, 10**6)))
        vocab = draw(st.sampled_from([255, 256, 700, 2000]))
        rows = torch.randn(count, vocab, generator=noise) * draw(st.sampled_from([0.1, 1.0, 4.0]))
        if draw(st.booleans()):
            rows = rows.bfloat16().float()  # 8 bits: many ties
        if draw(st.booleans()):
            rows[torch.rand(rows.shape, generator=noise) < 0.5] = -INF
    alive = rows.amax(-1) > -INF
    rows[~alive, draw(st.integers(0, rows.shape[1] - 1))] = 0.0
    return rows


def smallest_set(keys, weights, mass):
    """Tokens of one row, by falling key and rising id, until they have the share `mass` of the weight, up to rounding;
    one at least."""
    order = sorted(range(len(keys)), key=lambda token: (-keys[token], token))
    target = mass * (1 - ROUNDING) * sum(weights)
    kept, reached = set(), 0.0
    for token in order:
        if kept and reached >= target:
            break
        kept.add(token)
        reached += weights[token]
    return {token for token in kept if keys[token] > -INF}


def kept(logits):
    """The tokens that are left, row by row."""
    return [set(np.flatnonzero(row > -INF).tolist()) for row in logits.numpy()]


def weights_of(logits):
    return logits.softmax(-1).double().tolist()
