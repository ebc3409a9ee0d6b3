"""Rows keep what each one asks for, whoever leaves and joins; penalties look at what a row has seen."""

from __future__ import annotations

from collections import Counter

import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.engine.sampling import Entries, Rows, shaped

VOCAB = 7
tokens = st.integers(0, VOCAB - 1)
samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([None, 0.0, 0.7]),
    repetition_penalty=st.sampled_from([None, 1.0, 1.3, 0.5]),
    presence_penalty=st.sampled_from([None, 0.0, 0.5]),
    frequency_penalty=st.sampled_from([None, 0.0, -0.25]),
    logit_bias=st.none()
    | st.dictionaries(tokens, st.floats(-5, 5, width=32), max_size=2).map(lambda b: tuple(b.items())),
    top_k=st.sampled_from([None, 3]),
    logprobs=st.sampled_from([None, 2]),
)


def by_definition(logits, sampling, prompt, answer):
    """Bias and penalties of one row."""
    wanted = list(logits)
    for token, bias in sampling.logit_bias or ():
        wanted[token] += bias
    for token in {*prompt, *answer}:
        by = sampling.repetition_penalty or 1.0
        wanted[token] = wanted[token] / by if wanted[token] > 0 else wanted[token] * by
    for token, times in Counter(answer).items():
        wanted[token] -= (sampling.presence_penalty or 0.0) + times * (sampling.frequency_penalty or 0.0)
    return wanted


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(samplings, st.lists(tokens, max_size=5), st.lists(tokens, max_size=5)), min_size=1, max_size=4),
    st.integers(0, 1000),
)
def test_bias_and_penalties_are_as_defined(asked, seed):
    asked = [
        (Sampling.of({**s.given(), "temperature": 1.0, "top_k": 0}), prompt, answer) for s, prompt, answer in asked
    ]
    logits = torch.randn(len(asked), VOCAB, generator=torch.Generator().manual_seed(seed)) * 3
    rows = stacked(asked)
    wanted = [by_definition(row, *one) for row, one in zip(logits.tolist(), asked, strict=True)]
    assert torch.allclose(shaped(logits, rows), torch.tensor(wanted), atol=1e-5)


def stacked(texts):
    """Rows of samplings, prompts and answers."""
    return Rows.of([s for s, _, _ in texts], prompts=[p for _, p, _ in texts], answers=[a for _, _, a in texts])


def entries(some):
    return sorted(zip(some.row.tolist(), some.token.tolist(), some.value.tolist(), strict=True))


def assert_same(rows, other):
    assert (rows.table == other.table).all()
    assert entries(rows.bias) == entries(other.bias)
    assert entries(rows.seen) == entries(other.seen)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_rows_that_leave_join_and_go_on_are_as_if_made_now(data):
    """The oracle keeps each row's prompt and answer, and stacks them anew after each step."""
    texts = []
    rows = Rows.of([])
    for _ in range(data.draw(st.integers(1, 5))):
        joining = data.draw(st.lists(st.tuples(samplings, st.lists(tokens, max_size=4)), max_size=3))
        rows = rows.append(Rows.of([s for s, _ in joining], prompts=[p for _, p in joining]))
        texts += [(sampling, prompt, []) for sampling, prompt in joining]
        drawn = data.draw(st.lists(tokens, min_size=len(texts), max_size=len(texts)))
        rows = rows.with_sampled(torch.tensor(drawn, dtype=torch.int64))
        texts = [(s, prompt, [*answer, token]) for (s, prompt, answer), token in zip(texts, drawn, strict=True)]
        stay = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=5)) if texts else []
        rows = rows.select(stay)
        texts = [texts[at] for at in stay]
        assert len(rows) == len(texts)
        assert_same(
            rows, Rows.of([s for s, _, _ in texts], prompts=[p for _, p, _ in texts], answers=[a for *_, a in texts])
        )


def test_counting_leaves_rows_that_are_not_counted():
    before = Entries.of([{1: 2.0}, {1: 2.0}, {}])
    after = before.counting(torch.tensor([1, 1, 4]), torch.tensor([True, False, True]))
    assert entries(after) == [(0, 1, 3.0), (1, 1, 2.0), (2, 4, 1.0)]


def test_rows_without_penalties_keep_no_tokens():
    rows = Rows.of([Sampling(temperature=0.5), Sampling()], prompts=[[1, 2], [3]])
    assert len(rows.seen) == 0
    assert rows.with_sampled(torch.tensor([4, 5])) is rows


def test_what_is_active_is_what_changes_something():
    assert (
        Rows.of([Sampling(), Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, typical_p=1.0)]).active == set()
    )
    assert Rows.of([Sampling(), Sampling(top_p=0.5)]).active == {"top_p"}
    assert Rows.of([Sampling(logprobs=0)]).active == {"logprobs"}


def test_a_greedy_row_has_no_truncation():
    rows = Rows.of([Sampling(temperature=0.0, top_p=0.5, top_k=3, min_p=0.1, typical_p=0.5), Sampling(top_k=9)])
    assert rows.active == {"temperature", "top_k"}
    assert rows.column("top_k").tolist() == [0, 9]
    assert not rows.greedy
    assert rows.select([0]).greedy


def test_a_repetition_penalty_of_zero_is_refused():
    with pytest.raises(UsageError, match="repetition_penalty must be more than 0"):
        Rows.of([Sampling(), Sampling(repetition_penalty=0.0)])
