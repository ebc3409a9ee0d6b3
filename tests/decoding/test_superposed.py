"""Superposed decoding: the same drafts as a recomputation from scratch, greedy's where k is 1, and what it asks for."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ngram_oracle import Oracle, built
from tiny_models import engine_of, model_of

from passel.core.errors import UsageError
from passel.core.steps import Steps
from passel.decoding import Decoded, DecodingInput, load
from passel.decoding.greedy import greedy
from passel.decoding.ngrams import LAMBDAS
from passel.decoding.superposed import superposed
from passel.engine import Engine
from passel.engine.requests import Emit, Fork, Forward, Mix, Output, Show

PROMPTS = ((5, 40, 17, 3), (61, 22), (9, 9, 33, 50, 2, 7, 1))
DOCUMENTS = [np.random.default_rng(seed).integers(seed, 56, 1500).tolist() for seed in range(3)]
"""Some tokens never come, so that a draft which ends in one has no support."""


def close(engine: Engine) -> None:
    engine.close()
    engine._scheduler.cache.check()
    assert engine._scheduler.cache.branches == 0


class Script:
    """Drives a method by hand: logits come from a function of the mixes so far; every ask is kept."""

    def __init__(self, work: Any, logits: Callable[[Sequence[Mix]], Any]) -> None:
        self.forwards: list[Forward] = []
        self.asks: list[Any] = []
        with Steps[Any, tuple[Decoded, ...]](work) as steps:
            while not steps.ended:
                self.asks += steps.asked
                steps.send(tuple(self._reply(ask, logits) for ask in steps.asked))
        self.drafts = steps.result

    def _reply(self, ask: Any, logits: Callable[[Sequence[Mix]], Any]) -> Any:
        if isinstance(ask, Forward):
            self.forwards.append(ask)
            mixes = [mix for one in self.forwards[1:] for mix in one.mix or ()]
            return Output(torch.as_tensor(logits(mixes), dtype=torch.float32).unsqueeze(0))
        return 4 if isinstance(ask, Fork) else None

    def emitted(self, draft: int) -> tuple[int, ...]:
        return sum((ask.tokens for ask in self.asks if isinstance(ask, Emit) and ask.index == draft), ())


def hashed(mixes: Sequence[Mix]) -> Any:
    """Logits of 12 tokens that depend on all the inputs."""
    total = sum((at + 1) * token * weight for at, mix in enumerate(mixes) for token, weight in mix)
    return [math.sin(1.3 * token * (1 + len(mixes)) + total) for token in range(12)]


def inputs(tokens: int = 8, end: Sequence[int] = (), prompt: Sequence[int] = (3, 1, 2)) -> DecodingInput:
    return DecodingInput(tuple(prompt), tokens, frozenset(end))


def from_scratch(
    model: Any,
    prompt: Sequence[int],
    steps: int,
    k: int,
    n: int,
    alpha: float,
    temperature: float,
    oracle: Oracle | None,
) -> list[tuple[float, tuple[int, ...]]]:
    """The method by its definition, for texts that do not end: transformers recomputes everything at every step in
    float64, scores are sums over all pairs of a draft and a token of the vocabulary. (In float32 its own rounding can
    move a score by 1e-4, for each step's weights come from the scores so far.)"""
    model = copy.deepcopy(model).double()
    embed = model.get_input_embeddings()
    inputs = embed(torch.tensor([list(prompt)]))
    drafts = [(0.0, ())]
    for step in range(steps):
        with torch.no_grad():
            logits = model(inputs_embeds=inputs, use_cache=False).logits[0, -1]
        p = (logits / temperature).softmax(-1)
        top = sorted(range(len(p)), key=lambda token: (-logits[token].item(), token))[:n]
        total = sum(p[token].item() for token in top)
        pool: list[tuple[float, tuple[int, ...]]] = []
        spare: list[tuple[float, tuple[int, ...]]] = []
        for score, text in drafts:
            own: list[tuple[float, tuple[int, ...]]] = []
            alone = [(score + (1 - alpha) * math.log(p[t].item() / total) - 200.0, (*text, t)) for t in top]
            for token in top:
                log_p = math.log(p[token].item() / total)
                q = oracle.interpolated((*prompt, *text), token, list(LAMBDAS.values())) if oracle else 1.0
                if q > 0:
                    mean = (1 - alpha) * log_p + alpha * math.log(q) if oracle else log_p
                    own.append((score + mean, (*text, token)))
            pool += own or alone
            spare += alone if own else []
        if len(pool) < k:
            pool += [one for one in spare if one[1] not in {text for _, text in pool}]
        drafts = sorted(pool, key=lambda one: -one[0])[:k]
        scores = torch.tensor([score for score, _ in drafts], dtype=torch.float64).softmax(-1)
        mix = sum(weight * embed(torch.tensor(text[-1])) for weight, (_, text) in zip(scores, drafts, strict=True))
        inputs = torch.cat((inputs, mix.reshape(1, 1, -1)), 1)
        assert len(drafts[0][1]) == step + 1
    return drafts


@pytest.mark.parametrize("family", ["llama", "gemma3"])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_same_drafts_from_scratch(family: str, prompt: tuple[int, ...]):
    engine = engine_of(family)
    drafts = engine.run(superposed(inputs(8, prompt=prompt), k=3, temperature=0.5, candidates=6))
    close(engine)
    wanted = from_scratch(model_of(family), prompt, 8, 3, 6, 0.0, 0.5, None)
    assert [draft.tokens for draft in drafts] == [text for _, text in wanted]
    assert [draft.score for draft in drafts] == pytest.approx([score / 8 for score, _ in wanted], abs=1e-4)
    assert [draft.ended for draft in drafts] == ["length"] * 3


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_same_drafts_from_scratch_with_ngrams(k: int, tmp_path: Path):
    tables = built(tmp_path, DOCUMENTS, size=64)
    oracle, engine, penalised = Oracle(DOCUMENTS, (2, 6)), engine_of(), 0
    for prompt in (*PROMPTS, tuple(DOCUMENTS[0][:9]), (5, 63)):
        made = superposed(
            inputs(8, prompt=prompt), k=k, ngrams=str(tables.path), alpha=0.4, temperature=0.4, candidates=2 * k + 3
        )
        drafts = engine.run(made)
        wanted = from_scratch(model_of(), prompt, 8, k, 2 * k + 3, 0.4, 0.4, oracle)
        assert [draft.tokens for draft in drafts] == [text for _, text in wanted]
        assert [draft.score for draft in drafts] == pytest.approx([score / 8 for score, _ in wanted], abs=5e-4)
        penalised += sum(score < -150 for score, _ in wanted)
    close(engine)
    assert penalised > 0, "a draft without any support is among them"


@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma2"])
def test_one_draft_is_the_greedy_one(family: str):
    """To the end, where there is one: end tokens are taken from the middle of greedy drafts."""
    engine, ended = engine_of(family), 0
    for prompt in PROMPTS:
        (free,) = engine.run(greedy(inputs(8, prompt=prompt)))
        for end in ((), free.tokens[4:5], tuple(range(0, 64, 3))):
            (draft,) = engine.run(superposed(inputs(8, end, prompt), k=1))
            length = next((at for at, token in enumerate(free.tokens, 1) if token in end), None)
            assert draft.tokens == free.tokens[:length]
            assert draft.ended == ("end" if length else "length")
            ended += length is not None
    close(engine)
    assert ended >= 3


def test_tables_without_alpha_change_nothing(tmp_path: Path):
    tables, engine = built(tmp_path, DOCUMENTS, size=64), engine_of()
    for prompt in PROMPTS:
        bare, weightless = (
            engine.run(superposed(inputs(10, prompt=prompt), **how))
            for how in ({}, {"ngrams": str(tables.path), "alpha": 0.0})
        )
        weighed = engine.run(superposed(inputs(10, prompt=prompt), ngrams=str(tables.path)))
        assert bare == weightless
        assert bare != weighed
    close(engine)


@pytest.mark.parametrize("k", [1, 2, 3, 8])
@pytest.mark.parametrize("tokens", [1, 7])
def test_a_pass_a_token_whatever_k(k: int, tokens: int):
    script = Script(superposed(inputs(tokens), k=k, candidates=8), hashed)
    first, *rest = script.forwards
    assert len(script.forwards) == tokens
    assert (first.branch, tuple(first.tokens), first.mix) == (4, (3, 1, 2), None)
    assert all((one.branch, len(one.tokens), len(one.mix or ())) == (4, 1, 1) for one in rest)
    assert len(script.drafts) == k
    assert len({draft.tokens for draft in script.drafts}) == k
    assert all(len(draft.tokens) == tokens for draft in script.drafts)


def test_the_mix_is_the_drafts_last_tokens_by_their_scores():
    script = Script(superposed(inputs(2), k=3, candidates=5, temperature=1.0), hashed)
    logits = np.sort(np.asarray(hashed([])))[::-1]
    weights = np.exp(logits[:3]) / np.exp(logits[:3]).sum()
    (mix,) = script.forwards[1].mix or ()
    assert [weight for _, weight in mix] == pytest.approx(weights.tolist(), abs=1e-6)
    assert [token for token, _ in mix] == np.argsort(hashed([]))[::-1][:3].tolist()


def test_what_ends_leaves_and_the_others_go_on():
    """Token 1 ends a text. It is second best at the second step alone, and then two drafts and one go on."""

    def logits(mixes: Sequence[Mix]) -> list[float]:
        return [0.0, 1.9, 2.0, 1.0, 0.5] if len(mixes) == 1 else [-1.0, -9.0, 2.0, 1.0, 0.5]

    script = Script(superposed(inputs(4, (1,)), k=2, candidates=4, temperature=1.0), logits)
    assert len(script.forwards) == 4
    assert all(1 not in dict(mix) for one in script.forwards for mix in one.mix or ())
    assert [(one.tokens, one.ended) for one in script.drafts] == [((2, 2, 2, 2), "length"), ((2, 1), "end")]
    scores = [draft.score or 0.0 for draft in script.drafts]
    assert scores == sorted(scores, reverse=True)


def test_it_ends_when_the_best_have_ended():
    """Tokens 1 and 2 end a text and come first from the third step on."""

    def logits(mixes: Sequence[Mix]) -> list[float]:
        return [3.0, -5.0, -6.0, 2.9] if len(mixes) < 2 else [-5.0, 4.0, 3.9, -6.0]

    script = Script(superposed(inputs(9, (1, 2)), k=2, candidates=4, temperature=1.0), logits)
    assert len(script.forwards) == 3
    assert [draft.ended for draft in script.drafts] == ["end", "end"]
    assert [draft.tokens for draft in script.drafts] == [(0, 0, 1), (0, 0, 2)]


def test_everything_may_end_at_once():
    script = Script(superposed(inputs(5, range(12)), k=3), hashed)
    assert len(script.forwards) == 1
    assert [(len(draft.tokens), draft.ended) for draft in script.drafts] == [(1, "end")] * 3


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(0, 4),
    st.integers(1, 7),
    st.sets(st.integers(0, 9), max_size=5),
    st.integers(0, 2**31),
    st.sampled_from([0.06, 0.5, 2.0]),
)
def test_what_is_told_holds(k: int, more: int, tokens: int, end: set[int], seed: int, temperature: float):
    """Whatever the logits: emitted tokens add up to the drafts, in order, and never change; what is shown last is the
    result; there are k different drafts, best first, none longer than allowed, an end token at the end alone."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(tokens, 10)).round(1)
    work = superposed(inputs(tokens, sorted(end)), k=k, candidates=k + more, temperature=temperature)
    script = Script(work, lambda mixes: table[len(mixes)])
    drafts = script.drafts
    assert len({draft.tokens for draft in drafts}) == k
    for rank, draft in enumerate(drafts):
        assert script.emitted(rank) == draft.tokens
        assert 1 <= len(draft.tokens) <= tokens
        assert not end & set(draft.tokens[:-1])
        assert (draft.tokens[-1] in end) == (draft.ended == "end")
    assert [ask for ask in script.asks if isinstance(ask, Show)][-1].drafts == tuple(draft.tokens for draft in drafts)
    scores = [draft.score for draft in drafts]
    assert scores == sorted(scores, reverse=True)
    assert len(script.forwards) <= tokens


def test_a_common_beginning_is_told_before_the_end():
    """Where one token leads by far, all drafts soon begin with it."""

    def logits(mixes: Sequence[Mix]) -> list[float]:
        return [9.0, 1.0, 0.5, 0.2] if len(mixes) < 3 else [1.0, 0.9, 0.8, 0.7]

    script = Script(superposed(inputs(6), k=3, candidates=4, temperature=1.0), logits)
    kinds = [
        "forward" if isinstance(ask, Forward) else "emit" for ask in script.asks if isinstance(ask, (Forward, Emit))
    ]
    assert kinds.index("emit") < len(kinds) - kinds[::-1].index("forward") - 1
    (alone,) = {draft.tokens[0] for draft in script.drafts}
    assert alone == 0


def test_several_at_once_are_each_as_alone(tmp_path: Path):
    tables, engine = built(tmp_path, DOCUMENTS, size=64), engine_of()
    three = [inputs(9, (7,), prompt) for prompt in PROMPTS]
    alone = [engine.run(superposed(one, k=3, ngrams=str(tables.path))) for one in three]
    found: dict[int, Any] = {}
    ticks = engine.tally.ticks

    def all_at_once() -> None:
        for place, one in enumerate(three):
            flow = superposed(one, k=3, ngrams=str(tables.path))
            engine.start(flow, lambda result, error, place=place: found.__setitem__(place, (result, error)))

    engine._put(all_at_once)
    close(engine)
    assert [[draft.tokens for draft in found[place][0]] for place in range(3)] == [
        [draft.tokens for draft in drafts] for drafts in alone
    ]
    assert engine.tally.ticks - ticks < 2 * 9


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"k": 0}, "k must be at least 1"),
        ({"candidates": 2}, "candidates must be at least k=3"),
        ({"alpha": 1.5}, "alpha"),
        ({"temperature": 0.0}, "temperature"),
        ({"ngrams": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_is_said(options: dict[str, Any], says: str):
    with pytest.raises(UsageError, match=says):
        next(superposed(inputs(), **options))


def test_tables_of_a_larger_vocabulary_are_refused(tmp_path: Path):
    tables, engine = built(tmp_path, [[1, 2, 3, 1, 2]], size=65), engine_of()
    with pytest.raises(UsageError, match="65 tokens, the model has 64"):
        engine.run(superposed(inputs(), ngrams=str(tables.path)))
    close(engine)


@pytest.mark.parametrize(("tokens", "listed"), [(1, 15), (5, 15), (8, 9), (15, 15), (20, 15), (500, 15)])
def test_the_list_is_as_long_as_was_tuned(tokens: int, listed: int):
    """Of a thousand equal tokens, all on the list have a share of it."""
    script = Script(superposed(inputs(tokens)), lambda mixes: np.zeros(1000))
    assert script.drafts[0].score == pytest.approx(-math.log(listed))


def test_it_is_found_by_its_name():
    named = load("superposed:k=2:alpha=none", {"temperature": "0.5"})
    assert named.options["k"] == 2
    assert named.options["temperature"] == 0.5
    script = Script(named.make(inputs(3), key=None), hashed)  # pyright: ignore[reportArgumentType]
    assert len(script.drafts) == 2
