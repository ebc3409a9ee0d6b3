"""Log-probabilities are those of the model's own logits, for the rows that ask."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sampler_cases import INF, rows_of_logits

from passel.engine.sampling import logprobs


@settings(max_examples=40, deadline=None)
@given(rows_of_logits(), st.data())
def test_drawn_and_most_likely_tokens(logits, data):
    count, vocab = logits.shape
    drawn = data.draw(st.lists(st.integers(0, vocab - 1), min_size=count, max_size=count))
    asked = data.draw(st.lists(st.integers(-1, vocab + 1), min_size=count, max_size=count))
    got = logprobs(logits, torch.tensor(drawn), torch.tensor(asked))
    wanted = logits.double().log_softmax(-1).tolist()
    assert got.rows.tolist() == [row for row in range(count) if asked[row] >= 0]
    for at, row in enumerate(got.rows.tolist()):
        assert float(got.sampled[at]) == pytest.approx(wanted[row][drawn[row]], abs=1e-5)
        values = logits[row].tolist()
        order = sorted(range(vocab), key=lambda token: (-values[token], token))
        alive = [token for token in order if values[token] > -INF][: asked[row]]
        assert got.tokens[at].tolist()[: len(alive)] == alive
        values = got.values[at].tolist()
        assert values[: len(alive)] == pytest.approx([wanted[row][token] for token in alive], abs=1e-5)
        assert set(values[len(alive) : asked[row]]) <= {-INF}


def test_no_alternatives():
    got = logprobs(torch.zeros(2, 4), torch.tensor([1, 2]), torch.tensor([0, -1]))
    assert got.rows.tolist() == [0]
    assert got.tokens.shape == got.values.shape == (1, 0)
    assert float(got.sampled) == pytest.approx(-1.3862944)
