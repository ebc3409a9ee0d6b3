"""The parts' losses as a naive recomputation has them, what a fresh embedder and decoder do, and whole trainings."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import model_of
from torch.nn import functional

import passel
from passel.core.key import Key
from passel.decoding import DecodingInput
from passel.decoding import load as load_decoder
from passel.engine import Engine, read
from passel.engine.weights import load
from passel.engine.weights.checkpoint import Checkpoint
from passel.networks.hamburger import Embedder, MicroDecoder, Parts, Shape, build, depths_of
from passel.networks.trained_parts import load_trained
from passel.training.hamburger import hamburger
from passel.training.loop.log import lines
from passel.training.parts.segmentation import group_sizes
from passel.training.texts.examples import Example
from passel.training.texts.training_data import TrainingData

LOW, RATIO = 3.4, 0.9
"""Thresholds under which texts of the tiny models, which are sure of nothing, fall into groups of all sizes."""


def random_parts(shape: Shape) -> Parts:
    generator = torch.Generator().manual_seed(1)
    parts = Parts(shape)
    with torch.no_grad():
        for weight in parts.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=generator)
    return parts


def test_depths_are_at_equal_distances() -> None:
    assert depths_of(30, 4) == (8, 15, 23, 30)
    assert depths_of(16, 4) == (4, 8, 12, 16)
    assert depths_of(2, 4) == (1, 2)


def test_a_fresh_embedder_gives_the_mean_and_leaves_single_tokens() -> None:
    vectors = torch.randn(5, 4, 64, generator=torch.Generator().manual_seed(0))
    sizes = torch.tensor([1, 2, 3, 4, 1])
    found = Embedder(64, 4)(vectors, sizes)
    for row, size in enumerate(sizes.tolist()):
        torch.testing.assert_close(found[row], vectors[row, :size].mean(0))
    trained = random_parts(Shape(64, (1,), 4, 1, 4, 8)).embedder(vectors, sizes)
    assert torch.equal(trained[[0, 4]], vectors[[0, 4], 0])
    assert not torch.allclose(trained[1:4], found[1:4])


def test_an_embedder_knows_order_and_reads_no_padding() -> None:
    embedder = random_parts(Shape(64, (1,), 4, 1, 4, 8)).embedder
    vectors = torch.randn(1, 4, 64, generator=torch.Generator().manual_seed(0))
    sizes = torch.tensor([3])
    found = embedder(vectors, sizes)
    torch.testing.assert_close(embedder(vectors[:, :3], sizes), found)
    assert not torch.allclose(embedder(vectors[:, [1, 0, 2, 3]], sizes), found)


def test_the_micro_decoder_is_causal() -> None:
    micro = random_parts(Shape(64, (1, 2), 4, 2, 4, 48)).micro
    assert isinstance(micro, MicroDecoder)
    generator = torch.Generator().manual_seed(0)
    states, vectors = torch.randn(2, 2, 64, generator=generator), torch.randn(2, 3, 64, generator=generator)
    whole = micro(states, vectors)
    for count in (1, 2):
        torch.testing.assert_close(micro(states, vectors[:, :count]), whole[:, :count])
    assert not torch.allclose(micro(states + 1, vectors), whole)


def checkpoint(family: str) -> Checkpoint:
    model = copy.deepcopy(model_of(family))  # an update is put into it
    size = sum(weight.numel() for weight in model.parameters())
    return Checkpoint(model, None, family, torch.float32, torch.device("cpu"), size, False, frozenset())


def texts(count: int) -> list[Example]:
    random = np.random.default_rng(0)
    return [Example(random.integers(0, 64, 6 + 3 * at), 1 + 2 * at, {}) for at in range(count)]


@pytest.mark.parametrize(("family", "rank"), [("llama", 0), ("llama", 4), ("llama-tied-biased", 0), ("gemma2", 0)])
@torch.no_grad()
def test_losses_as_recomputed_group_by_group(family: str, rank: int) -> None:
    """Each group by a pass of its own over all before it, through transformers without batches. A fresh update changes
    nothing."""
    base, examples = checkpoint(family), texts(3)
    options = {"lora_rank": rank, "low": LOW, "ratio": RATIO, "kl": 0.5, "inner": 48, "batch": 3}
    setup = hamburger(TrainingData(base, examples, examples), key=Key(), **options)
    parts = setup.module["parts"] if isinstance(setup.module, torch.nn.ModuleDict) else setup.module
    assert isinstance(parts, Parts)
    parts.load_state_dict(random_parts(parts.shape).state_dict())
    model = base.model
    token, stop, apart, count, groups = 0.0, 0.0, 0.0, 0, 0
    for one in examples:
        ids = torch.from_numpy(one.tokens)
        whole = model(input_ids=ids.unsqueeze(0)).logits[0].log_softmax(-1)
        entropies = -(whole.exp() * whole).sum(-1)[one.start - 1 : -1]
        sizes = group_sizes(entropies.tolist(), low=LOW, ratio=RATIO)
        table = model.get_input_embeddings()(ids)
        inputs, positions, at = list(table[: one.start]), list(range(one.start)), one.start
        for size in sizes:
            states = hidden_states(model, torch.stack(inputs), positions)
            before = torch.stack([states[depth] for depth in parts.shape.depths]).unsqueeze(0)
            for number in range(size):
                state = states[parts.shape.depths[-1]]
                if number:
                    state = parts.micro(before, table[at : at + number].unsqueeze(0))[0, -1]
                logits = head(model, state).log_softmax(-1)
                token -= float(logits[ids[at + number]])
                ends = torch.tensor(float(number == size - 1))
                stop += float(functional.binary_cross_entropy_with_logits(parts.stop(state), ends))
                wanted = whole[at + number - 1]
                apart += float((wanted.exp() * (wanted - logits)).sum())
            inputs.append(parts.embedder(table[at : at + size].unsqueeze(0), torch.tensor([size]))[0])
            at += size
            positions.append(at - 1)
        count, groups = count + len(ids) - one.start, groups + len(sizes)
        assert set(sizes) > {1}, "the thresholds give no groups"
    loss = setup.loss(0)
    assert loss.figures["token_loss"] == pytest.approx(token / count, rel=1e-4)
    assert loss.figures["stop_loss"] == pytest.approx(stop / count, rel=1e-4)
    assert loss.figures["kl"] == pytest.approx(apart / count, rel=1e-3)
    assert float(loss.value.detach()) == pytest.approx((token + 0.5 * stop + 0.5 * apart) / count, rel=1e-4)
    figures = setup.evaluated()
    assert figures["token_loss"] == pytest.approx(token / count, rel=1e-4)
    assert figures["tokens_per_group"] == pytest.approx(count / groups)


def hidden_states(model: Any, inputs: torch.Tensor, positions: list[int]) -> dict[int, torch.Tensor]:
    """States of the last input after each layer, the last before the final norm."""
    found: list[torch.Tensor] = []
    hook = model.model.norm.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    output = model.model(
        inputs_embeds=inputs.unsqueeze(0),
        position_ids=torch.tensor([positions]),
        attention_mask=torch.ones(1, len(positions), dtype=torch.int64),
        output_hidden_states=True,
        use_cache=False,
    )
    hook.remove()
    layers = [one[0, -1] for one in output.hidden_states]
    return {**dict(enumerate(layers)), len(layers) - 1: found[0][0, -1]}


def head(model: Any, state: torch.Tensor) -> torch.Tensor:
    logits = model.lm_head(model.model.norm(state))
    cap = getattr(model.config, "final_logit_softcapping", None)
    return cap * torch.tanh(logits / cap) if cap else logits


@pytest.mark.parametrize("rank", [0, 4])
def test_a_model_that_stays_reads_a_prompt_once(rank: int) -> None:
    """A pass to cut the texts, the first time; one over the groups, which has the prompts where the model changes."""
    base, random = checkpoint("llama"), np.random.default_rng(0)
    examples = [Example(random.integers(0, 64, 20 + at), 14 + at, {}) for at in range(3)]
    setup = hamburger(TrainingData(base, examples, examples), key=Key(), lora_rank=rank, batch=3, low=LOW, ratio=RATIO)
    seen: list[int] = []
    base.model.model.layers[0].register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[1]))
    losses: list[float] = []
    for count in (2, 1):
        seen.clear()
        losses.append(float(setup.loss(0).value.detach()))
        assert len(seen) == count
        assert (seen[-1] <= 1 + 6) == (not rank), "a prompt's last token and at most six groups"
    assert losses[0] == losses[1]


@pytest.mark.parametrize("rank", [0, 4])
def test_a_whole_training(rank: int, tiny: Path, tmp_path: Path) -> None:
    """It learns; and with confidence above 1 the draft is the greedy one of the model with its update."""
    data = tmp_path / "data.jsonl"
    data.write_text("".join(f'{{"prompt": "{at}", "completion": "abcabcabcabc"}}\n' for at in range(20)))
    found = passel.train(
        "hamburger",
        data=data,
        out=tmp_path / "out",
        model=str(tiny),
        length=64,
        chat=False,
        dtype="float32",
        steps=30,
        batch=8,
        learning_rate=0.01,
        lora_rank=rank,
        low=5.0,
        ratio=1.0,
        inner=48,
    )
    first, *_, last = (one["held_out"] for one in lines(tmp_path / "out") if "held_out" in one)
    assert last == found.figures
    assert last["tokens_per_group"] > 1.5
    assert last["token_loss"] < 0.7 * first["token_loss"]
    assert last["stop_loss"] < 0.7 * first["stop_loss"]
    assert first["model_loss"] == last["model_loss"], "the model that it is held against stays"
    assert last["accuracy_2"] > first["accuracy_2"]
    parts, manifest = load_trained(tmp_path / "out", "hamburger", build)
    assert manifest.settings["inner_size"] == 48
    assert parts.shape.depths == (1, 2)
    assert (tmp_path / "out" / "adapter_config.json").is_file() == bool(rank)
    base = load(tiny, adapter=tmp_path / "out" if rank else None, dtype="float32")
    inputs = DecodingInput((20, 30, 40), 16, base.end_ids)
    with Engine(read(base.model, 128), context=128) as engine:
        (greedy,), (single,) = (
            engine.run(load_decoder(name).make(inputs, key=Key()))
            for name in ("greedy", f"hamburger:path={tmp_path / 'out'}:confidence=1.01")
        )
    assert (single.tokens, single.ended) == (greedy.tokens, greedy.ended)
    assert single.score == pytest.approx(greedy.score, abs=1e-4)
