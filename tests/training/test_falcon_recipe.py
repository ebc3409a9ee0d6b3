"""Falcon's recipe: its loss from scratch, who is told what, what is remembered, and a training from first to last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import passel
import passel.training.falcon as recipe
from passel.core.ask import Sampling
from passel.core.key import Key
from passel.decoding import DecodingInput
from passel.engine import Engine, read
from passel.engine.weights import load
from passel.engine.weights.checkpoint import Checkpoint
from passel.networks.falcon import unit
from passel.training.loop.log import lines
from passel.training.loop.seeded import seeded
from passel.training.parts.batches import Batch, collate
from passel.training.parts.feature_cache import FeatureCache
from passel.training.parts.glancing import glanced, share
from passel.training.texts.examples import Example
from passel.training.texts.training_data import TrainingData


@pytest.fixture(scope="module")
def base(tiny: Path) -> Checkpoint:
    return load(tiny, dtype="float32")


def batch_of(*sizes: tuple[int, int]) -> Batch:
    """Texts of random tokens: (length, first token to be learned) each."""
    rng = np.random.default_rng(0)
    examples = [Example(rng.integers(2, 200, size=length), start, {}) for length, start in sizes]
    return collate(examples, torch.device("cpu"))


def course_of(base: Checkpoint, batch: Batch, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    """Whose every batch is this one."""
    monkeypatch.setattr(recipe, "batches", lambda *_, **__: lambda step: batch)
    monkeypatch.setattr(recipe, "in_order", lambda *_, **__: iter([batch]))
    with seeded(Key(3)):
        data = TrainingData(base, batch.examples, batch.examples)
        setup = recipe.falcon(data, key=Key(1), steps=10, **options)
    setup.module.eval()  # no dropout
    return setup


def from_scratch(setup: Any, base: Checkpoint, batch: Batch, offset: int, told: dict[int, set[int]]) -> Any:
    """(feature loss, soft loss, hard loss, agreeing) of each place that is asked and not told, row by row, with the
    whole text before each place read at once and the model's own logits."""
    block, found = setup.module.shape.block, []
    for row, example in enumerate(batch.examples):
        tokens = torch.from_numpy(example.tokens)
        last: list[torch.Tensor] = []
        handle = base.model.get_decoder().norm.register_forward_pre_hook(
            lambda _, given, last=last: last.append(given[0])
        )
        logits = base.model(input_ids=tokens.unsqueeze(0)).logits[0]
        handle.remove()
        features, embeddings = unit(last[0][0]), unit(base.model.get_input_embeddings()(tokens))
        places = range(len(tokens) - 1)
        given = [(p + block, p + block + 1) if p in told.get(row, ()) else (p, p + 1) for p in places]
        mine = torch.stack([features[f] for f, _ in given]), torch.stack([embeddings[e] for _, e in given])
        guessed = setup.module(mine[0].unsqueeze(0), mine[1].unsqueeze(0), offset)[0]
        for p in places:
            if not example.start <= p + block < len(tokens) - 1 or p in told.get(row, ()):
                continue
            own = base.model.get_output_embeddings()(base.model.get_decoder().norm(guessed[p])).log_softmax(-1)
            right = logits[p + block].log_softmax(-1)
            apart = functional.smooth_l1_loss(guessed[p], features[p + block])
            soft = (right.exp() * (right - own)).sum()
            same = int(own.argmax()) == int(right.argmax())
            found.append((float(apart), float(soft), -float(own[right.argmax()]), same, (p + offset) % block))
    return found


@pytest.mark.parametrize("block", [1, 2, 3])
def test_the_loss_from_scratch(base: Checkpoint, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without places that are told; prompts of several lengths and padding change nothing."""
    batch = batch_of((14, 5), (11, 8), (9, 3))
    for told in ({}, {0: {6}, 2: {4 - block}}):
        setup = course_of(base, batch, monkeypatch, block=block, noise=0.0, glancing=bool(told))
        mask = torch.zeros(3, 13, dtype=torch.bool)
        for row, places in told.items():
            mask[row, list(places)] = True
        monkeypatch.setattr(recipe, "glanced", lambda wrong, asked, mask=mask, **_: mask & asked)
        for step in (0, 1):
            with seeded(Key(step)):
                offset = int(torch.randint(block, ()))
            with seeded(Key(step)), torch.no_grad():
                loss = setup.loss(step)
                truth = from_scratch(setup, base, batch, offset, told)
            apart, soft, hard = (sum(one[of] for one in truth) / len(truth) for of in range(3))
            assert float(loss.value) == pytest.approx(apart + 0.1 * (0.9 * soft + 0.1 * hard), rel=1e-4)
            assert loss.figures["feature"] == pytest.approx(apart, rel=1e-4)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_the_figures_from_scratch(base: Checkpoint, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batch_of((14, 5), (11, 8), (9, 1))
    setup = course_of(base, batch, monkeypatch, block=block)
    with torch.no_grad():  # so that some guesses are right
        setup.module.layers[0].down.weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(1))
    figures = setup.evaluated()
    with torch.no_grad():
        truth = [one for offset in range(block) for one in from_scratch(setup, base, batch, offset, {})]
    assert figures["feature_loss"] == pytest.approx(sum(one[0] for one in truth) / len(truth), rel=1e-4)
    for at in range(block):
        own = [one[3] for one in truth if one[4] == at]
        assert figures[f"agreement_{at + 1}"] == pytest.approx(sum(own) / len(own))


def test_the_share_falls_from_the_first_step_to_the_last() -> None:
    shares = [share(step / 10) for step in range(11)]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (pytest.approx(0.45), pytest.approx(0.1))


@pytest.mark.parametrize("block", [2, 3, 4])
def test_who_is_told(block: int) -> None:
    """Beginnings of whole blocks, never a block's last place; as many as the share asks for, on average."""
    asked = torch.zeros(2, 60, dtype=torch.bool)
    asked[0, 7:58], asked[1, 20:60] = True, True
    wrong, found = torch.tensor([24, 9]), torch.zeros(2)
    for trial in range(200):
        with seeded(Key(trial)):
            offset = trial % block
            told = glanced(wrong, asked, block=block, offset=offset, share=0.25)
        assert not (told & ~asked).any()
        found += told.sum(1) / 200
        for row, place in told.nonzero().tolist():
            start = place - (place + offset) % block
            assert asked[row, start : start + block].all()
            assert asked[row, start : start + block].sum() == block
            assert told[row, start : place + 1].all()
            assert not told[row, start + block - 1]
    assert found.tolist() == pytest.approx([6.0, 2.25], abs=0.35)


def test_who_is_not_told() -> None:
    asked = torch.ones(2, 3, dtype=torch.bool)
    wrong = torch.tensor([3, 0])
    assert not glanced(wrong, asked, block=1, offset=0, share=1.0).any()
    assert not glanced(wrong, asked, block=4, offset=0, share=1.0).any()
    assert not glanced(wrong, asked, block=3, offset=1, share=1.0).any()
    assert glanced(wrong, asked, block=3, offset=0, share=1.0).any(1).tolist() == [True, False]


def test_features_are_computed_once(base: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, calls = batch_of((9, 2), (6, 2)), list[int]()
    original = base.model.get_decoder().forward
    monkeypatch.setattr(
        base.model.get_decoder(), "forward", lambda *given, **more: (calls.append(1), original(*given, **more))[1]
    )
    features = FeatureCache(base)
    first = features.of(batch)
    again = features.of(batch)
    other = features.of(collate(batch.examples[::-1], torch.device("cpu")))
    assert len(calls) == 1
    for row, length in ((0, 9), (1, 6)):
        assert torch.equal(first[row, :length], again[row, :length])
        assert torch.equal(first[row, :length], other[1 - row, :length])
    small = FeatureCache(base, memory=7 * 64 * 4)  # room for the shorter one alone
    for _ in range(2):
        assert torch.allclose(small.of(batch)[0], first[0], atol=1e-5)
    assert len(calls) == 3
    small.of(collate(batch.examples[1:], torch.device("cpu")))
    assert len(calls) == 3


def test_a_training_makes_a_drafter_that_saves_passes(tiny: Path, tmp_path: Path) -> None:
    """The model's own answers to a few prompts, learned by heart; told places become fewer."""
    from passel.decoding import load as decoder

    data = tmp_path / "prompts.jsonl"
    data.write_text("".join(json.dumps({"prompt": f"{at % 2} + 4"}) + "\n" for at in range(40)))
    settings = {"model": str(tiny), "data": data, "length": 24, "dtype": "float32", "chat": False, "complete": 0.0}
    out = tmp_path / "drafter"
    passel.train("falcon", out=out, steps=80, batch=4, learning_rate=5e-3, token_weight=1.0, noise=0.0, **settings)
    log = lines(out)
    first, *_, last = (one["held_out"] for one in log if "held_out" in one)
    assert last["agreement_1"] > 0.8 > 0.2 > first["agreement_1"]
    assert last["agreement_2"] > 0.6 > 0.2 > first["agreement_2"]
    assert last["feature_loss"] < first["feature_loss"]
    shown = [line["shown"] for line in log if "shown" in line]
    assert sum(shown[:10]) > 2 * sum(shown[-10:])
    base = load(tiny, dtype="float32")
    prompt = tuple(base.tokenizer("1 + 4")["input_ids"])
    asked = DecodingInput(prompt, 18, base.end_ids, Sampling(temperature=0.0))
    with Engine(read(base.model, 64), context=64, memory=8 << 20) as engine:
        (expected,) = engine.run(decoder("greedy").make(asked, key=Key()))
        before = engine.tally.computed
        (draft,) = engine.run(decoder(f"speculative:drafter=falcon:drafter.path={out}").make(asked, key=Key()))
        verified = engine.tally.computed - before
    assert draft.tokens == expected.tokens
    assert draft.spent < 4 * len(draft.tokens), "most of what was guessed stands"
    assert verified
