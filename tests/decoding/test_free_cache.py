"""FreeCache next to denoising from scratch; what it computes, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from decoders_here import LLAMA, inputs, run
from masked_here import MASK, Seen, denoised, logits_of, masked_engine, masked_inputs, run_masked
from tiny_models import model_of

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.decoding.free_cache import free_cache
from passel.decoding.greedy import greedy
from passel.decoding.parts.infilling import most_confident, positions_computed, transfers
from passel.engine import SampleRequest

LENGTH = 22


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize(("block", "steps"), [(8, 8), (8, 3), (32, 32), (22, 1), (1, 1)])
def test_without_a_cache_it_is_denoising_from_scratch(block: int, steps: int, shifted: bool):
    wanted = denoised(LLAMA, LENGTH, block=block, steps=steps, shifted=shifted)
    given = masked_inputs(inputs(max_tokens=LENGTH), shifted=shifted)
    found = run_masked(free_cache(given, block=block, steps=steps, refresh=1), shifted=shifted)
    assert found.tokens == wanted
    assert found.ended == "length"
    assert MASK not in found.tokens
    assert len(set(wanted)) > 3, "a text that says something"


def cached(block: int, steps: int, *, clean: bool) -> tuple[int, ...]:
    """FreeCache in the plainest way: one causal-by-stage mask over a text in which what is kept stands as it was when
    it was kept."""
    length = LENGTH
    tokens = [*LLAMA, *[MASK] * length]
    frozen: list[torch.Tensor] = []  # keys and values are a function of the layer's input: kept as hidden states
    model = model_of("llama")
    for start in range(len(LLAMA), len(tokens), block):
        stop = min(start + block, len(tokens))
        left = min(steps, stop - start)
        first = True
        while hidden := [at for at in range(start, stop) if tokens[at] == MASK]:
            back = block if clean and first and start > len(LLAMA) else 0
            held = start - back if frozen else 0
            states, rows = _layers(model, tokens, held, frozen)
            if first and (clean or start == len(LLAMA)):
                frozen = [state[:start] for state in states]
            first = False
            count = -(-len(hidden) // left)
            left -= 1
            if len(hidden) == count and not clean:
                frozen = [state[:stop] for state in states]
            rows[:, MASK] = float("-inf")
            chances = rows.softmax(-1)
            for _, at in sorted((-float(chances[at].max()), at) for at in hidden)[:count]:
                tokens[at] = int(chances[at].argmax())
    return tuple(tokens[len(LLAMA) :])


def _layers(model, tokens, held, frozen):
    """Inputs of each layer [tokens, hidden size], of which the first `held` are the kept ones, and the logits."""
    config, body = model.config, model.model
    hidden = body.embed_tokens(torch.tensor(tokens))
    cosine, sine = body.rotary_emb(hidden, torch.arange(len(tokens))[None])
    states = []
    with torch.no_grad():
        for at, layer in enumerate(body.layers):
            if held:
                hidden = torch.cat((frozen[at][:held], hidden[held:]))
            states.append(hidden)
            open_mask = torch.zeros(1, 1, len(tokens), len(tokens))
            out = layer(hidden[None], attention_mask=open_mask, position_embeddings=(cosine, sine))
            hidden = (out[0] if isinstance(out, tuple) else out).reshape(len(tokens), config.hidden_size)
        return states, model.lm_head(body.norm(hidden))


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize(("block", "steps"), [(8, 8), (8, 3), (5, 2)])
def test_with_the_cache_it_is_what_is_kept_as_it_was_kept(block: int, steps: int, clean: bool):
    stored = "clean" if clean else "denoised"
    given = masked_inputs(inputs(max_tokens=LENGTH))
    found = run_masked(free_cache(given, block=block, steps=steps, stored=stored))
    assert found.tokens == cached(block, steps, clean=clean)


def test_the_cache_makes_a_difference():
    """Else the tests above could not tell one rule from another."""
    texts = {cached(8, 3, clean=False), cached(8, 3, clean=True), denoised(LLAMA, LENGTH, block=8, steps=3)}
    assert len(texts) == 3


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("refresh", [0, 1, 3])
@pytest.mark.parametrize("stored", ["denoised", "clean"])
def test_what_is_computed_is_what_the_formula_says(shifted: bool, refresh: int, stored: str):
    seen, how = Seen(), {"block": 8, "steps": 4, "refresh": refresh}
    given = masked_inputs(inputs(max_tokens=LENGTH), shifted=shifted)
    run_masked(free_cache(given, stored=stored, **how), seen, shifted=shifted)
    told = positions_computed(len(LLAMA), LENGTH, clean=stored == "clean", shifted=shifted, **how)
    assert seen.own == told
    assert not seen.guide
    if refresh == 1:
        assert told == [len(LLAMA) + LENGTH] * 12
    if refresh == 0 and stored == "denoised":
        steps = [LENGTH - start + shifted for start in (0, 8, 16) for _ in range(4)]
        assert told == [len(LLAMA) + LENGTH, *steps[1:]]


@pytest.mark.parametrize("refresh", [0, 1])
def test_it_ends_with_its_end_token_and_nothing_else_changes(refresh: int):
    whole = run_masked(free_cache(masked_inputs(inputs(max_tokens=LENGTH)), block=8, steps=4, refresh=refresh))
    for at in (1, 9, 15):
        end = whole.tokens[at]
        seen = Seen()
        given = masked_inputs(inputs(max_tokens=LENGTH, end=(end,)))
        found = run_masked(free_cache(given, block=8, steps=4, refresh=refresh), seen)
        first = whole.tokens.index(end) + 1
        assert (found.tokens, found.ended) == (whole.tokens[:first], "end")
        assert len(seen.own) <= 4 * -(-first // 8)


def test_transfers_are_even_and_leave_no_step_empty():
    assert transfers(8, 3) == [3, 3, 2]
    assert transfers(8, 32) == [1] * 8
    assert transfers(32, 1) == [32]
    for masked in range(1, 20):
        for steps in range(1, 25):
            found = transfers(masked, steps)
            assert (sum(found), len(found)) == (masked, min(masked, steps))
            assert found == sorted(found, reverse=True)
            assert max(found) - min(found) <= 1


def test_the_surest_come_first_and_of_equals_the_first_place():
    logits = torch.tensor([[0.0, 1.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 5.0]])
    assert most_confident(logits, [10, 11, 12, 13], 3) == [(13, 2), (11, 0), (10, 1)]


def test_what_is_refused():
    with pytest.raises(UsageError, match="takes a masked-diffusion model"):
        run(free_cache(inputs()))
    for wrong in ({"block": 0}, {"steps": 0}, {"refresh": -1}):
        with pytest.raises(UsageError, match="at least"):
            run_masked(free_cache(masked_inputs(inputs()), **wrong))


def test_a_masked_diffusion_model_refuses_to_go_on_token_by_token():
    engine = masked_engine()
    with pytest.raises(UsageError, match="free_cache and guided_diffusion"):
        engine.run(greedy(inputs()))
    with pytest.raises(UsageError, match="free_cache and guided_diffusion"):
        engine.complete([SampleRequest(LLAMA, Sampling(), 0, frozenset())])
    engine.close()


def test_the_oracle_sees_what_comes_after():
    tokens = [*LLAMA, 1, 2, 3]
    assert not torch.allclose(logits_of(tokens)[0], logits_of([*tokens[:-1], 9])[0])
