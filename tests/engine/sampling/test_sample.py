"""The entry: what is chained, what is left out, and that the whole draws the distribution that was asked for."""

from __future__ import annotations

from functools import partial
from importlib import import_module

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from sampler_cases import INF, smallest_set

from passel.core.ask import Sampling
from passel.engine.sampling import Rows, chain, mask, on, sample, shaped, temperature, top_k, uniforms

entry = import_module("passel.engine.sampling.sample")
TRANSFORMS = {
    "logit_bias": "logit_bias",
    "temperature": "temperature",
    "min_p": "min_p",
    "top_k": "top_k",
    "top_p": "top_p",
    "typical_p": "typical",
}


def some_logits(rows, vocab, seed=0):
    return torch.randn(rows, vocab, generator=torch.Generator().manual_seed(seed)) * 3


def test_a_chain_applies_the_first_first():
    def plus(logits):
        return logits + 1

    def twice(logits):
        return logits * 2

    assert chain(plus, twice)(torch.ones(1, 1)).item() == 4
    assert chain(twice, plus)(torch.ones(1, 1)).item() == 3
    logits = torch.ones(1, 1)
    assert chain()(logits) is logits


def test_on_leaves_other_rows_as_they_are():
    logits = some_logits(3, 4)
    after = on(torch.tensor([0, 2]), lambda some: some * 0)(logits)
    assert (after[[0, 2]] == 0).all()
    assert torch.equal(after[1], logits[1])
    assert on(torch.tensor([], dtype=torch.int64), lambda some: some / 0)(logits) is logits


def test_the_whole_distribution_is_as_asked():
    """Everything at once, against the definitions in the order that `shaped` states, over a fine grid of u."""
    asked = Sampling(
        temperature=0.8,
        top_p=0.9,
        top_k=6,
        min_p=0.02,
        repetition_penalty=1.2,
        presence_penalty=0.3,
        frequency_penalty=0.2,
        logit_bias=((2, 1.5),),
    )
    logits = some_logits(1, 12, seed=5) / 3
    allowed = torch.tensor([[token not in (3, 8) for token in range(12)]])
    row = logits[0].double()
    row[2] += 1.5
    for token in (0, 1, 5):
        row[token] = row[token] / 1.2 if row[token] > 0 else row[token] * 1.2
    row[5] -= 0.3 + 2 * 0.2
    row[1] -= 0.3 + 0.2
    row[[3, 8]] = -INF
    row /= 0.8
    weights = (row - row.max()).exp()
    weights[weights < 0.02] = 0.0
    weights[weights < weights.topk(6).values[-1]] = 0.0
    stay = smallest_set(weights.tolist(), weights.tolist(), 0.9)
    wanted = torch.tensor([weight if token in stay else 0.0 for token, weight in enumerate(weights.tolist())])

    steps = 4000
    rows = Rows.of([asked], prompts=[[0, 1, 0]], answers=[[5, 1, 5]])
    many = rows.select([0] * steps)
    u = (np.arange(steps) + 0.5) / steps
    constraint = partial(mask, allowed=allowed.expand(steps, -1))
    drawn = sample(logits.expand(steps, -1), many, u, constraint=constraint).tokens
    share = torch.bincount(drawn, minlength=12) / steps
    assert 2 <= len(stay) < 6
    assert float((share - wanted / wanted.sum()).abs().max()) <= 1 / steps + 1e-6


def test_nothing_asked_is_nothing_done():
    logits = some_logits(2, 5)
    assert shaped(logits, Rows.of([Sampling(), Sampling(top_p=1.0)])) is logits


@pytest.mark.parametrize("name", [*TRANSFORMS, "repetition_penalty", "presence_penalty", "frequency_penalty"])
def test_transforms_that_no_row_asks_for_are_not_called(name, monkeypatch):
    """Each one but the one that is asked for would raise."""

    def never(*_, **__):
        raise AssertionError

    for other, function in TRANSFORMS.items():
        if other != name:
            monkeypatch.setattr(entry, function, never)
    others = {other: function if other == name else never for other, function in entry._PENALTIES.items()}
    monkeypatch.setattr(entry, "_PENALTIES", others)
    value = ((1, 2.0),) if name == "logit_bias" else 2 if name == "top_k" else 0.5
    rows = Rows.of([Sampling.of({name: value}), Sampling()], answers=[[0], [0]])
    logits = some_logits(2, 5)
    after = shaped(logits, rows)
    assert not torch.equal(after[0], logits[0])
    assert torch.equal(after[1], logits[1])


def test_a_row_draws_what_it_draws_alone():
    asked = [
        Sampling(),
        Sampling(temperature=0.0),
        Sampling(temperature=0.7, top_p=0.9, logprobs=3),
        Sampling(top_k=20, repetition_penalty=1.3),
        Sampling(temperature=1.5, typical_p=0.8, min_p=0.01, frequency_penalty=1.0),
        Sampling(temperature=0.0, presence_penalty=2.0, logit_bias=((9, 8.0),)),
    ]
    logits = some_logits(len(asked), 3000, seed=1)
    answers = [[int(row.argmax()), 1, 1] for row in logits]
    u = uniforms(np.arange(len(asked), dtype=np.uint64), np.full(len(asked), 4))
    rows = Rows.of(asked, answers=answers)
    whole = sample(logits, rows, u)
    for at in range(len(asked)):
        alone = sample(logits[at : at + 1], Rows.of(asked[at : at + 1], answers=answers[at : at + 1]), u[at : at + 1])
        assert int(alone.tokens) == int(whole.tokens[at])
        assert torch.equal(sample(logits[at : at + 1], rows.select([at]), u[at : at + 1]).tokens, alone.tokens)
    assert int(whole.tokens[1]) == int(logits[1].argmax())
    assert whole.logprobs is not None
    assert whole.logprobs.rows.tolist() == [2]
    raw = logits[2].log_softmax(-1)
    assert float(whole.logprobs.sampled) == pytest.approx(float(raw[whole.tokens[2]]), abs=1e-5)


def test_greedy_rows_alone_and_among_others_agree():
    logits = some_logits(4, 600).bfloat16().float()
    logits[0, 100] = logits[0, 500] = 50.0
    greedy = Rows.of([Sampling(temperature=0.0)] * 4)
    alone = sample(logits, greedy, np.zeros(4)).tokens
    among = sample(logits, Rows.of([*[Sampling(temperature=0.0)] * 3, Sampling()]), np.full(4, 0.999)).tokens
    assert alone.tolist()[:3] == among.tolist()[:3]
    assert alone.tolist() == logits.argmax(-1).tolist()
    assert int(alone[0]) == 100
    one = temperature(logits, torch.tensor([0.0, 1.0, 1.0, 1.0])).softmax(-1)[0]
    assert float(one[100]) == 1.0


def test_no_bias_brings_back_what_a_constraint_excludes():
    logits = torch.zeros(2, 5)
    allowed = torch.tensor([[False, True, False, True, False]])
    constraint = on(torch.tensor([1]), partial(mask, allowed=allowed))
    rows = Rows.of([Sampling(temperature=0.0, logit_bias=((4, 100.0),))] * 2)
    assert sample(logits, rows, np.zeros(2), constraint=constraint).tokens.tolist() == [4, 1]
    rows = Rows.of([Sampling(logit_bias=((4, 100.0),), top_k=2)] * 2)
    assert sample(logits, rows, np.full(2, 0.9), constraint=constraint).tokens.tolist() == [4, 3]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_any_float_type_is_sampled_as_float32(dtype):
    logits = some_logits(3, 600).to(dtype)
    rows = Rows.of([Sampling(temperature=0.7, top_p=0.9, logprobs=2), Sampling(top_k=5), Sampling(temperature=0.0)])
    u = np.array([0.1, 0.5, 0.9])
    got, wanted = sample(logits, rows, u), sample(logits.float(), rows, u)
    assert got.tokens.tolist() == wanted.tokens.tolist()
    assert got.logprobs is not None
    assert wanted.logprobs is not None
    assert torch.equal(got.logprobs.values, wanted.logprobs.values)


def test_logits_are_not_changed():
    logits = some_logits(2, 700)
    before = logits.clone()
    asked = {"temperature": 0.5, "top_p": 0.5, "top_k": 50, "min_p": 0.01, "typical_p": 0.9, "logprobs": 1}
    asked |= {"repetition_penalty": 1.5, "presence_penalty": 1.0, "frequency_penalty": 1.0, "logit_bias": {"3": 2.0}}
    rows = Rows.of([Sampling.of(asked), Sampling(temperature=0.0)], answers=[[1, 2], [3]])
    sample(logits, rows, np.full(2, 0.3))
    assert torch.equal(logits, before)


def test_no_rows_draw_no_tokens():
    asked = Sampling(temperature=0.5, top_p=0.9, repetition_penalty=1.2, logprobs=1)
    for rows in (Rows.of([]), Rows.of([asked]).select([])):
        assert len(sample(torch.zeros(0, 300), rows, np.zeros(0)).tokens) == 0


def test_rows_of_a_view_may_have_gaps():
    """Logits may be a slice of a wider matrix, as those of a padded vocabulary are."""
    wide = some_logits(3, 800)
    rows = Rows.of([Sampling(temperature=0.7, top_p=0.9), Sampling(top_k=5), Sampling(min_p=0.1, typical_p=0.8)])
    u = np.array([0.2, 0.5, 0.8])
    whole = sample(wide[:, :700].contiguous(), rows, u).tokens
    assert torch.equal(sample(wide[:, :700], rows, u).tokens, whole)
    assert torch.equal(
        top_k(wide[:, :700], torch.tensor([3, 0, 3])), top_k(wide[:, :700].clone(), torch.tensor([3, 0, 3]))
    )
