"""Sampling through the engine: greedy equals recomputation, seeds decide, beginnings are shared, memory holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import FAMILIES, engine_of, logits_from_scratch

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.engine import Completion, Engine, SampleRequest
from passel.engine.cache import PAGE

GREEDY = Sampling(temperature=0.0, max_tokens=20)
WARM = Sampling(temperature=1.0, max_tokens=20)


def prompt(size: int, seed: int = 0) -> tuple[int, ...]:
    return tuple((seed * 31 + i * i * 7 + i) % 64 for i in range(size))


def draws(
    prompts: list[tuple[int, ...]], sampling: Sampling = GREEDY, end: tuple[int, ...] = ()
) -> list[SampleRequest]:
    return [SampleRequest(one, sampling, seed, frozenset(end)) for seed, one in enumerate(prompts)]


def closed(engine: Engine) -> Engine:
    """After its work: the cache is sound, and no branch is left open."""
    engine.close()
    engine._scheduler.cache.check()
    assert engine._scheduler.cache.branches == 0
    return engine


def is_greedy(prompt: tuple[int, ...], found: Completion, family: str) -> bool:
    logits = logits_from_scratch((*prompt, *found.tokens), family)[len(prompt) - 1 : -1]
    chosen = logits.gather(1, torch.tensor([found.tokens]).T).squeeze(1)
    return bool((chosen >= logits.max(1).values - 1e-4).all())


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_texts_are_those_of_recomputation(family: str):
    prompts = [prompt(size, size) for size in (1, 2, 15, 16, 17, 40, 100)]
    with engine_of(family) as engine:
        found = engine.complete(draws(prompts))
    assert all(len(one.tokens) == 20 for one in found)
    assert all(is_greedy(one, text, family) for one, text in zip(prompts, found, strict=True))
    closed(engine)


@pytest.mark.parametrize("chunk", [16, 40, 512])
def test_the_size_of_chunks_does_not_matter(chunk: int):
    prompts = [prompt(90, seed) for seed in range(5)]
    with engine_of(chunk=chunk) as engine:
        found = engine.complete(draws(prompts))
    assert all(is_greedy(one, text, "llama") for one, text in zip(prompts, found, strict=True))
    closed(engine)


def test_a_seed_decides_whatever_is_drawn_beside_it():
    alone = [prompt(12, seed) for seed in range(6)]
    with engine_of() as engine:
        together = engine.complete(draws(alone, WARM))
        backwards = engine.complete(draws(alone, WARM)[::-1])[::-1]
        one_by_one = [engine.complete([draw])[0] for draw in draws(alone, WARM)]
    tokens = [one.tokens for one in together]
    assert tokens == [one.tokens for one in backwards] == [one.tokens for one in one_by_one]
    assert len(set(tokens)) == 6
    closed(engine)


def test_draws_follow_the_models_distribution():
    chances = logits_from_scratch(prompt(9))[-1].softmax(-1)
    many = 4000
    with engine_of() as engine:
        one = Sampling(temperature=1.0, max_tokens=1)
        found = engine.complete([SampleRequest(prompt(9), one, seed, frozenset()) for seed in range(many)])
    counts = np.bincount([text.tokens[0] for text in found], minlength=64)
    expected = chances.numpy() * many
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 63 + 5 * np.sqrt(2 * 63)


def test_samples_of_one_prompt_share_what_they_have_in_common():
    asked = prompt(100)
    with engine_of() as engine:
        found = engine.complete([SampleRequest(asked, WARM, seed, frozenset()) for seed in range(32)])
    closed(engine)
    fed = {asked[: i + 1] for i in range(len(asked))}
    # a text's last token is drawn and never fed
    fed |= {(*asked, *text.tokens[:i]) for text in found for i in range(1, len(text.tokens))}
    assert engine.tally.computed == len(fed) == engine.held_tokens
    assert [text.cached for text in found] == [0] + [100] * 31


def test_a_later_request_finds_what_an_earlier_one_left():
    with engine_of() as engine:
        first = engine.complete(draws([prompt(60)]))[0]
        again = engine.complete(draws([prompt(60)]))[0]
        longer = engine.complete(draws([(*prompt(60), *first.tokens)]))[0]
    assert again.tokens == first.tokens
    assert (first.cached, again.cached) == (0, 59)
    assert longer.cached == 60 + 19
    closed(engine)


def test_prompts_that_begin_alike_and_come_together_are_computed_once():
    common = prompt(50)
    with engine_of() as engine:
        found = engine.complete(draws([(*common, *prompt(20, seed)) for seed in range(1, 9)]))
    assert engine.tally.computed <= 50 + 8 * 20 + sum(len(one.tokens) - 1 for one in found)
    closed(engine)


@settings(max_examples=12, deadline=None)
@given(st.integers(9, 40), st.lists(st.tuples(st.integers(1, 90), st.integers(0, 4)), min_size=1, max_size=12))
def test_a_small_memory_gives_the_same_texts(pages: int, sizes: list[tuple[int, int]]):
    prompts = [prompt(size, seed) for size, seed in sizes]
    roomy = engine_of(context=112)
    wanted = roomy.complete(draws(prompts, WARM))
    tight = engine_of(context=112, memory=pages * PAGE * roomy.parts.bytes_per_token)
    found = tight.complete(draws(prompts, WARM))
    assert [one.tokens for one in found] == [one.tokens for one in wanted]
    closed(roomy)
    closed(tight)
    assert tight.held_tokens <= pages * PAGE


def test_rows_are_put_back_when_memory_ends_and_computed_again():
    parts = engine_of().parts
    engine = engine_of(context=112, memory=10 * PAGE * parts.bytes_per_token)
    found = engine.complete(draws([prompt(30, seed) for seed in range(8)], Sampling(temperature=1.0, max_tokens=60)))
    assert engine.tally.put_back > 0
    assert all(one.ended == "length" and len(one.tokens) == 60 for one in found)
    closed(engine)


def test_end_tokens_and_limits_end_a_text():
    with engine_of() as engine:
        free = engine.complete(draws([prompt(9)]))[0].tokens
        ended = engine.complete(draws([prompt(9)], end=(free[4],)))[0]
        full = engine.complete(draws([prompt(250)], Sampling(temperature=0.0, max_tokens=20)))[0]
        beyond = engine.complete(draws([prompt(256)]))[0]
    assert (ended.tokens, ended.ended) == (free[: free.index(free[4]) + 1], "end")
    assert (len(full.tokens), full.ended) == (6, "length")
    assert (beyond.tokens, beyond.ended) == ((), "length")
    closed(engine)


def test_a_listener_hears_every_token_and_can_end_its_text():
    heard: list[int] = []

    def listen(token: int) -> bool:
        heard.append(token)
        return len(heard) == 5

    with engine_of() as engine:
        draw, other = draws([prompt(9), prompt(11)])
        draw.on_token = listen
        found = engine.complete([draw, other])
    assert (found[0].ended, list(found[0].tokens)) == ("stop", heard)
    assert len(found[1].tokens) == 20
    closed(engine)


def test_what_is_cancelled_leaves_and_the_others_go_on():
    with engine_of() as engine:
        draw, other = draws([prompt(9), prompt(9)], Sampling(temperature=1.0, max_tokens=200))

        def listen(token: int) -> bool:
            draw.cancelled = True
            return False

        draw.on_token = listen
        found = engine.complete([draw, other])
    assert found[0].ended == "cancelled"
    assert 1 <= len(found[0].tokens) < 200
    assert len(found[1].tokens) == 200
    closed(engine)


def test_log_probabilities_are_the_models_own():
    with engine_of() as engine:
        sampling = Sampling(temperature=0.5, top_p=0.8, max_tokens=10, logprobs=3)
        found = engine.complete(draws([prompt(20)], sampling))[0]
    closed(engine)
    wanted = logits_from_scratch((*prompt(20), *found.tokens))[19:-1].log_softmax(-1)
    for token, row, (own, top) in zip(found.tokens, wanted, found.logprobs, strict=True):
        assert own == pytest.approx(float(row[token]), abs=1e-4)
        assert [one for one, _ in top] == row.topk(3).indices.tolist()


def test_an_error_in_the_engine_reaches_who_waits(monkeypatch: pytest.MonkeyPatch):
    engine = engine_of()
    monkeypatch.setattr(engine._scheduler, "tick", lambda: 1 / 0)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    assert engine.complete(draws([prompt(9)]))[0].ended == "failed"


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="memory"):
        engine_of(memory=1000)
    with pytest.raises(UsageError, match="context"):
        engine_of(context=100_000, memory=1 << 40)
