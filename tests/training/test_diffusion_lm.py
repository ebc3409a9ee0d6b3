"""A masked-diffusion model from first to last: the noise, the loss, and a folder that the engine opens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import passel
from passel.core.ask import Generate, Sampling, Score
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.model import Progress
from passel.core.reply import Reply
from passel.engine import read
from passel.engine.masked import MaskedDiffusion, declared
from passel.engine.weights import load
from passel.models.torch import torch as open_model
from passel.training.loop.log import lines
from passel.training.loop.seeded import seeded
from passel.training.parts.batches import collate
from passel.training.parts.denoising import (
    MIN_SHARE,
    MaskPredictor,
    Noise,
    SampledVocabulary,
    evaluated,
    learned_tokens,
    padded_with_end,
)
from passel.training.parts.mask_predictors import evenly, fresh, opened, with_mask
from passel.training.texts.examples import Example

CPU = torch.device("cpu")


def examples(count: int = 6) -> list[Example]:
    draws = np.random.default_rng(5)
    return [Example(draws.integers(2, 250, 9 + at), 3 + at % 3, {}) for at in range(count)]


@pytest.fixture(scope="module")
def base(tiny: Path) -> Any:
    return load(tiny, dtype="float32", device="cpu")


@pytest.fixture(scope="module")
def network(base: Any) -> Any:
    _, mask, rows = with_mask(base)
    with seeded(Key(1)):
        return fresh(base, mask, rows, 2, 64).eval()


def test_noise_hides_what_is_to_be_learned_and_as_much_as_it_says() -> None:
    batch = collate([Example(np.arange(2, 402), 100, {}) for _ in range(32)], CPU)
    noise = Noise.draw(batch, Key(3))
    again = Noise.draw(batch, Key(3))
    assert torch.equal(noise.hidden, again.hidden)
    assert not torch.equal(noise.hidden, Noise.draw(batch, Key(4)).hidden)
    assert not (noise.hidden & ~batch.learned).any()
    rate = noise.hidden.sum(1) / 300
    assert (rate - noise.share).abs().max() < 4 * (0.25 / 300) ** 0.5
    # one in each of 32 equal parts, up to the least share
    parts = ((noise.share - MIN_SHARE) / (1 - MIN_SHARE) * 32).sort().values
    gaps = parts.diff()
    assert torch.allclose(gaps, torch.ones(31), atol=1e-2)


@pytest.mark.parametrize("shifted", [False, True])
def test_the_loss_is_the_weighted_cross_entropy_of_what_is_hidden(network: Any, base: Any, shifted: bool) -> None:
    """Row by row without padding, token by token."""
    model = network
    if shifted:
        _, mask, rows = with_mask(base)
        model = opened(base, mask, rows, None).eval()
    mask = declared(model.config).mask
    batch = collate(examples(), CPU)
    noise = Noise.draw(batch, Key(2))
    total = 0.0
    for row, one in enumerate(batch.examples):
        tokens = torch.from_numpy(one.tokens)
        hidden = noise.hidden[row, : len(tokens)]
        given = torch.where(hidden, mask, tokens)
        with torch.no_grad():
            open_mask = torch.zeros(1, 1, len(tokens), len(tokens))
            logits = model(input_ids=given[None], attention_mask=open_mask).logits[0]
        losses = 0.0
        for at in hidden.nonzero().squeeze(1).tolist():
            losses += float(functional.cross_entropy(logits[at - shifted], tokens[at]) / noise.share[row])
        total += losses / (len(tokens) - one.start)
    with torch.no_grad():
        found = float(MaskPredictor(model).loss(batch, noise))
    assert found == pytest.approx(total / len(batch.examples), rel=1e-4)


def test_some_others_stand_for_all(network: Any) -> None:
    """The sum of the softmax has the right mean over draws, and a target is found among what is kept."""
    batch = collate(examples(), CPU)
    noise, predictor, kept = Noise.draw(batch, Key(2)), MaskPredictor(network), learned_tokens(batch.examples)
    with torch.no_grad():
        whole = predictor.logits(batch, noise.hidden)
        sums = torch.zeros(len(whole))
        for at in range(300):
            others = SampledVocabulary.draw(kept, network.config.vocab_size, 20, Key(at))
            assert others is not None
            assert len(others.tokens) == len(kept) + 20
            some = predictor.logits(batch, noise.hidden, others)
            assert torch.allclose(some[:, : len(kept)], whole[:, kept], atol=1e-5)
            sums += some.exp().sum(1) / 300
        assert (sums / whole.exp().sum(1) - 1).abs().max() < 0.05
        near = float(predictor.loss(batch, noise, SampledVocabulary.draw(kept, network.config.vocab_size, 150, Key(1))))
        assert near == pytest.approx(float(predictor.loss(batch, noise)), rel=0.05)
    assert SampledVocabulary.draw(kept, network.config.vocab_size, 0, Key()) is None
    assert SampledVocabulary.draw(kept, len(kept) + 10, 10, Key()) is None


def test_learned_tokens_come_once_each() -> None:
    two = [Example(np.array([9, 8, 7, 5]), 2, {}), Example(np.array([1, 7, 3]), 1, {})]
    assert learned_tokens(two).tolist() == [3, 5, 7]


def test_answers_are_filled_with_their_end() -> None:
    answer = Example(np.array([5, 6, 7, 1]), 2, {"a": 1})
    assert padded_with_end(answer, 6, frozenset({1})).tokens.tolist() == [5, 6, 7, 1, 1, 1, 1, 1]
    assert padded_with_end(answer, 6, frozenset({1})).row == {"a": 1}
    for same in (padded_with_end(answer, 2, frozenset({1})), padded_with_end(answer, 6, frozenset({2}))):
        assert same.tokens.tolist() == [5, 6, 7, 1]


def test_a_judgement_is_the_same_every_time(network: Any) -> None:
    with torch.no_grad():
        first = evaluated(MaskPredictor(network), examples(), 4, Key(1), CPU)
        assert first == evaluated(MaskPredictor(network), examples(), 4, Key(1), CPU)
    assert 0.0 <= first["accuracy"] <= 1.0
    assert first["bound"] > 1.0


def test_a_base_model_is_opened_and_stays_as_it_was(base: Any) -> None:
    before = {name: weight.clone() for name, weight in base.model.named_parameters()}
    tokenizer, mask, rows = with_mask(base)
    model = opened(base, mask, rows, None)
    assert (mask, rows) == (len(base.tokenizer), len(before["model.embed_tokens.weight"]) + 1)
    assert tokenizer.mask_token_id == mask
    assert base.tokenizer.mask_token_id is None
    embeddings = model.get_input_embeddings().weight
    assert torch.equal(embeddings[:mask], before["model.embed_tokens.weight"])
    assert torch.allclose(embeddings[mask], embeddings[:mask].mean(0))
    assert all(torch.equal(weight, before[name]) for name, weight in base.model.named_parameters())
    assert declared(model.config) == MaskedDiffusion(mask, shifted=True)
    assert all(weight.requires_grad for weight in model.parameters())
    assert evenly(3, 31) == [0, 15, 30]
    assert evenly(1, 30) == [0]
    assert evenly(30, 30) == list(range(30))
    assert len(opened(base, mask, rows, 1).get_decoder().layers) == 1


def answers(path: Path, *asks: Any, **settings: Any) -> list[Reply]:
    async def go() -> Sequence[Reply]:
        model = open_model(str(path), dtype="float32", device="cpu", memory=0.02, context=256, **settings)
        try:
            return await model.answer(asks, Progress.of(len(asks)))
        finally:
            await model.aclose()

    return list(asyncio.run(go()))


@pytest.mark.parametrize("initial", ["scratch:layers=2:hidden=64", "base"])
def test_a_whole_training(tiny: Path, sums: Path, tmp_path: Path, initial: str) -> None:
    """Its loss falls; the folder is a model that the engine opens, that diffusion decoders run and causal ones do
    not."""
    out = tmp_path / "lm"
    spec = f"diffusion-lm:initial={initial}:fill=16:negatives=60:learning_rate=3e-3"
    passel.train(spec, model=str(tiny), data=sums, out=out, length=64, dtype="float32", chat=False, steps=40, batch=8)
    first, *_, last = (one["held_out"] for one in lines(out) if "held_out" in one)
    assert last["bound"] < 0.7 * first["bound"]
    assert last["accuracy"] > first["accuracy"] + 0.1
    assert json.loads((out / "passel.json").read_text())["recipe"] == "diffusion_lm"
    found = load(out, dtype="float32", device="cpu")
    masked = read(found.model, 64).masked
    assert masked == MaskedDiffusion(found.tokenizer.mask_token_id, shifted=initial == "base")
    assert found.tokenizer.encode("7 + 4") == load(tiny, device="cpu").tokenizer.encode("7 + 4")

    def ask(decoder: str | None) -> Generate:
        return Generate("3 + 4", Key(1), sampling=Sampling(max_tokens=16, decoder=decoder))

    (plain,) = answers(out, ask("free_cache:block=4:steps=4"))
    assert plain.stop in ("end", "length"), plain.error
    (guided,) = answers(out, ask("guided_diffusion:block=4"), draft=str(tiny))
    (own,) = answers(tiny, ask("greedy"))
    assert guided.text == own.text, "the guide's greedy text"
    for refused in (ask("greedy"), ask(None), Score("3", ("4",))):
        (reply,) = answers(out, refused)
        assert reply.stop == "failed"
        assert "masked-diffusion model" in (reply.error or "")
    (reply,) = answers(tiny, ask("free_cache"))
    assert "takes a masked-diffusion model" in (reply.error or "")


def test_what_is_refused(base: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="multiple of 64"):
        fresh(base, 258, 259, 2, 100)
    for layers in (0, 3):
        with pytest.raises(UsageError, match="layers must be from 1 to the model's 2"):
            opened(base, 258, 259, layers)
    base.model.config.model_type = "gemma3_text"
    try:
        with pytest.raises(UsageError, match="initial=base takes a model of the kind llama"):
            opened(base, 258, 259, None)
    finally:
        base.model.config.model_type = "llama"
