"""Heads and controller: what they learn from, in which order, and that a trained folder decodes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Any

import pytest
import torch

import passel
from passel.core.ask import Generate, Sampling
from passel.core.key import Key
from passel.core.model import Progress
from passel.engine.weights import load
from passel.models import load as load_model
from passel.networks.early_exit import CONTINUE, EXIT, STOP, EarlyExit, build_early_exit
from passel.networks.trained_parts import load_trained
from passel.training import load as load_recipe
from passel.training.early_exit import controller_loss, labels
from passel.training.loop.log import lines
from passel.training.loop.seeded import seeded
from passel.training.loop.setup import TrainingSetup
from passel.training.parts.batches import batches, collate
from passel.training.parts.states import read_off, states
from passel.training.texts.examples import Example
from passel.training.texts.gather import TextSources, gather
from passel.training.texts.training_data import TrainingData

ENGINE = str(Path(__file__).resolve().parent.parent / "engine")
if ENGINE not in sys.path:
    sys.path.insert(0, ENGINE)

from tiny_models import FAMILIES, model_of  # noqa: E402


def test_labels_of_the_paper() -> None:
    """Exit from the first layer on that is right, whatever later ones say; stop where none is."""
    rows = {(0, 1, 0): (CONTINUE, EXIT, EXIT), (0, 0, 0): (STOP,) * 3, (1, 0, 1): (EXIT,) * 3, (0, 0, 1): (0, 0, EXIT)}
    found = labels(torch.tensor([list(row) for row in rows]).bool(), once=True)
    assert found.tolist() == [list(wanted) for wanted in rows.values()]


def test_labels_that_last() -> None:
    """Exit where the layer and all after it are right."""
    rows = {(0, 1, 0): (CONTINUE,) * 3, (0, 0, 0): (STOP,) * 3, (1, 0, 1): (0, 0, EXIT), (0, 1, 1): (0, EXIT, EXIT)}
    found = labels(torch.tensor([list(row) for row in rows]).bool(), once=False)
    assert found.tolist() == [list(wanted) for wanted in rows.values()]


def test_later_layers_count_more() -> None:
    classes = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(0))
    known = torch.tensor([[0, 1, 1], [2, 2, 2], [0, 0, 1], [1, 1, 1]])
    wanted = 0.0
    for layer in range(3):
        for token in range(4):
            chances = classes[token, layer].softmax(0)
            wanted -= (layer + 1) * log(chances[known[token, layer]]) / 4 / (1 + 2 + 3)
    assert float(controller_loss(classes, known)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_states_and_what_is_read_off_them(family: str) -> None:
    """The last states give the model's own logits; all are those that transformers has."""
    model = model_of(family)
    base: Any = type("Base", (), {"model": model, "dtype": torch.float32})
    texts = [Example(torch.arange(at, at + size).numpy(), 1, {}) for at, size in ((3, 12), (30, 7))]
    batch = collate(texts, torch.device("cpu"))
    found = states(base, batch)
    for row, text in enumerate(texts):
        alone = model(input_ids=torch.from_numpy(text.tokens).unsqueeze(0), output_hidden_states=True)
        for depth in (1, 2):
            mine = found[depth - 1][row, : len(text.tokens)]
            assert torch.allclose(mine, alone.hidden_states[depth][0], atol=1e-4)
        logits = read_off(base, found[2][row, : len(text.tokens)])
        assert torch.allclose(logits, alone.logits[0], atol=1e-4)


@pytest.fixture(scope="module")
def data(tiny: Path, sums: Path) -> TrainingData:
    base = load(tiny, dtype="float32")
    return gather(base, TextSources((sums,), (sums,), length=64, chat=False), key=Key(), on_progress=lambda *_: None)


@pytest.fixture
def setup(data: TrainingData) -> Callable[..., TrainingSetup]:
    def make(**options: Any) -> TrainingSetup:
        given = {name: str(value) for name, value in options.items()}
        with seeded(Key(3)):
            return load_recipe("early_exit", given).make(data, key=Key(1))

    return make


def gradients(setup: TrainingSetup, step: int) -> dict[str, bool]:
    """Which parts a step's loss moves."""
    setup.module.zero_grad(set_to_none=True)
    with seeded(Key(4) / step):
        setup.loss(step).value.backward()
    found = setup.module.named_parameters()
    return {name: one.grad is not None and bool(one.grad.any()) for name, one in found}


def test_heads_learn_first_and_then_the_controller(setup: Callable[..., TrainingSetup]) -> None:
    made = setup(steps=10, controller_share=0.3, rank=4, batch=4)
    for step in range(10):
        moved = gradients(made, step)
        assert moved["controller.weight"] == (step >= 7), step
        assert moved["changes.0.1.weight"] == moved["changes.0.1.bias"] == (step < 7), step
    assert made.schedule.rate(7) > made.schedule.rate(6)
    assert made.schedule.rate(7) == max(made.schedule.rate(step) for step in range(7, 10))


def test_a_step_is_a_function_of_its_number(setup: Callable[..., TrainingSetup]) -> None:
    made = setup(steps=10, places=5)

    def value(step: int) -> float:
        with seeded(Key(4) / step):
            return float(made.loss(step).value.detach())

    forth = [value(step) for step in range(10)]
    assert [value(step) for step in reversed(range(10))] == forth[::-1]
    assert len(set(forth)) > 5
    assert dict(made.evaluate()) == dict(setup(steps=10, places=5).evaluate())


def test_the_head_learns_what_its_layer_says(data: TrainingData, setup: Callable[..., TrainingSetup]) -> None:
    """A step with all places is the mean over all tokens to be learned, by hand."""
    made = setup(steps=10, places=4096, batch=3, rank=0)
    parts = made.module
    assert isinstance(parts, EarlyExit)
    with torch.no_grad():
        parts.changes[0].weight.normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
    order, seen = made.loss(0), list[float]()
    batch = batches(data.examples, 3, key=Key(1) / "data", device=torch.device("cpu"))(0)
    model = data.base.model
    for row, text in enumerate(batch.examples):
        alone = model(input_ids=batch.tokens[row : row + 1, : len(text.tokens)], output_hidden_states=True)
        state = alone.hidden_states[1][0]
        state = state / state.square().mean(-1, keepdim=True).sqrt()
        state = state + state @ parts.changes[0].weight.T + parts.changes[0].bias
        logprobs = model.lm_head(model.model.norm(state)).log_softmax(-1).detach()
        seen += [-float(logprobs[at - 1, text.tokens[at]]) for at in range(text.start, len(text.tokens))]
    assert float(order.value.detach()) == pytest.approx(sum(seen) / len(seen), rel=1e-4)
    assert order.tokens == sum(len(text.tokens) for text in batch.examples)


def test_a_whole_training_decodes(tiny: Path, sums: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    settings: dict[str, Any] = {"model": str(tiny), "data": sums, "held_out": sums, "length": 64, "dtype": "float32"}
    options: dict[str, Any] = {"steps": 80, "batch": 8, "learning_rate": 0.02, "rank": 0, "controller_share": 0.4}
    found = passel.train("early_exit", out=out, chat=False, complete=0.0, **settings, **options)
    first, *_, last = (one["held_out"] for one in lines(out) if "held_out" in one)
    assert last == found.figures
    assert first["accuracy_at_2"] == last["accuracy_at_2"] > 0.98, "the text is the model's own"
    assert first["skipped"] == 0.0, "a controller without weights lets nobody leave"
    assert last["accuracy_at_1"] > first["accuracy_at_1"] + 0.1
    assert last["skippable"] == pytest.approx(last["accuracy_at_1"] / 2, abs=0.02), "of two layers, one"
    assert 0.0 < last["skipped"] <= last["skippable"] + 0.05
    assert last["accuracy"] > last["accuracy_at_1"]
    parts, manifest = load_trained(out, "early_exit", build_early_exit)
    assert (parts.layers, parts.hidden_size, manifest.layers) == (2, 64, 2)
    (reply,) = replies(tiny, f"early_exit:path={out}:exit_threshold=0.6:stop_threshold=2")
    (plain,) = replies(tiny, f"early_exit:path={out}:exit_threshold=2:stop_threshold=2")
    assert 1.0 < reply.raw["layers"] < 2.0 == plain.raw["layers"]
    assert plain.text == replies(tiny, "greedy")[0].text
    assert "spent" in plain.raw


def replies(folder: Path, decoder: str) -> list[Any]:
    """A prompt's answer, as a user of the model has it."""
    model = load_model(f"torch:{folder}:dtype=float32:context=128:memory=0.05")
    ask = Generate("3 + 4", Key(1), sampling=Sampling(max_tokens=12, decoder=decoder))

    async def go() -> Any:
        try:
            return await model.answer([ask], Progress.of(1))
        finally:
            await model.aclose()

    return list(asyncio.run(go()))
