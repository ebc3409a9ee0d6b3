"""A training from first to last: what it writes, that an interruption changes nothing, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import passel
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.training.loop.log import StepReport, lines
from passel.training.loop.loop import CHECKPOINT, run
from passel.training.loop.seeded import seeded
from passel.training.loop.setup import Loss, Schedule, TrainingSetup
from passel.training.parts.batches import batches
from passel.training.texts.examples import Example, read


def line(steps: int = 40) -> TrainingSetup:
    """Fits a line with noise that torch draws, so that a step that is not seeded would differ."""
    module = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.2), nn.Linear(3, 1))

    def loss(step: int) -> Loss:
        x = torch.randn(16, 3)
        return Loss((module(x).squeeze(1) - x.sum(1)).square().mean(), 16, {"given": float(step)})

    def evaluate() -> dict[str, float]:
        return {"error": float((module(torch.eye(3)).squeeze(1) - 1).square().mean())}

    return TrainingSetup(module, loss, Schedule(steps, 0.03), evaluate=evaluate)


def trained(folder: Path, *, stop: int | None = None, steps: int = 40) -> tuple[TrainingSetup, dict[str, float]]:
    with seeded(Key(5)):
        setup = line(steps)

    def on_step(step: StepReport) -> None:
        if step.step == stop:
            raise KeyboardInterrupt

    figures = run(setup, folder, key=Key(1), device=torch.device("cpu"), mixed=False, every=0.0, on_step=on_step)
    return setup, figures


def test_it_learns_and_an_interruption_changes_nothing(tmp_path: Path) -> None:
    setup, figures = trained(tmp_path / "whole")
    log = lines(tmp_path / "whole")
    held_out = [one["held_out"]["error"] for one in log if "held_out" in one]
    assert len(held_out) == 6
    assert held_out[-1] == figures["error"] < held_out[0] / 10
    assert [one["step"] for one in log if "loss" in one] == list(range(1, 41))
    assert not (tmp_path / "whole" / CHECKPOINT).exists()
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "part", stop=17)
    again, same = trained(tmp_path / "part")
    assert same == figures
    for name, weight in setup.trained_state().items():
        assert torch.equal(weight, again.trained_state()[name]), name
    clock = {"seconds", "tokens_per_second"}
    timeless = [{k: v for k, v in one.items() if k not in clock} for one in lines(tmp_path / "part")]
    assert timeless == [{k: v for k, v in one.items() if k not in clock} for one in log]


def test_a_gradient_that_is_not_finite_ends_it(tmp_path: Path) -> None:
    module = nn.Linear(1, 1)
    broken = TrainingSetup(
        module, lambda step: Loss(module(torch.ones(1)).log().sum() * float("inf"), 1), Schedule(3, 0.1)
    )
    with pytest.raises(FloatingPointError, match="step 1"):
        run(broken, tmp_path, key=Key(), device=torch.device("cpu"), mixed=False)


def test_batches_hold_each_example_once_an_epoch_and_are_alike() -> None:
    examples = [Example(torch.arange(2 + at % 5).numpy(), 1, {"kind": at % 3}) for at in range(50)]
    made = batches(examples, 4, key=Key(2), device=torch.device("cpu"), alike=lambda one: one.row["kind"])
    each = sum(-(-len([one for one in examples if one.row["kind"] == kind]) // 4) for kind in range(3))
    for epoch in range(2):
        seen = [one for step in range(each) for one in made(epoch * each + step).examples]
        assert sorted(map(id, seen)) == sorted(map(id, examples))
    for step in range(each):
        one = made(step)
        assert len({example.row["kind"] for example in one.examples}) == 1
        assert one.count == sum(len(example.tokens) for example in one.examples)
        assert not (one.learned & ~one.real).any()
        assert not one.learned[:, 0].any()
    assert [id(one) for one in made(0).examples] != [id(one) for one in made(each).examples]


def test_the_schedule_warms_up_and_cools_down() -> None:
    rates = [Schedule(100, 1.0).rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[5] == 1.0
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] == pytest.approx(0.1, abs=1e-3)


def test_files_of_texts(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n\n{"question": "q", "answer": "r", "valve": 1}\n')
    (tmp_path / "b.txt").write_text("plain")
    found = read([tmp_path / "a.jsonl", tmp_path / "b.txt"])
    assert [(one.prompt, one.completion) for one in found] == [("", "x"), ("q", "r"), ("", "plain")]
    assert found[1].row["valve"] == 1
    (tmp_path / "c.jsonl").write_text('{"text": "x"}\n{"other": 1}\n')
    with pytest.raises(UsageError, match=r"c\.jsonl, row 2: a row has text.*this one has other"):
        read([tmp_path / "c.jsonl"])
    with pytest.raises(UsageError, match="cannot read"):
        read([tmp_path / "missing.jsonl"])


def test_a_whole_training(tiny: Path, sums: Path, tmp_path: Path) -> None:
    """CoT-Valve on a tiny model: the adapter fits, and at scale 0 the model is what it was."""
    from passel.engine.weights import load

    seen: list[Any] = []
    settings = {"model": str(tiny), "data": sums, "length": 64, "dtype": "float32", "chat": False}
    out = tmp_path / "valve"
    found = passel.train("cot-valve:rank=4", out=out, steps=12, batch=4, on_step=seen.append, **settings)
    assert [step.step for step in seen] == list(range(1, 13))
    assert set(found.figures) <= {"loss_at_0", "loss_at_1"}
    first, *_, last = (one["held_out"] for one in lines(out) if "held_out" in one)
    assert last["loss_at_1"] < first["loss_at_1"]
    manifest = json.loads((out / "passel.json").read_text())
    assert manifest["recipe"] == "cot_valve"
    assert manifest["options"]["rank"] == 4
    plain, off, on = (
        load(tiny, adapter=adapter, scale=scale, dtype="float32")
        for adapter, scale in ((None, 1.0), (out, 0.0), (out, 1.0))
    )
    weights = [dict(one.model.named_parameters()) for one in (plain, off, on)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert any(not torch.equal(weights[0][name], weights[2][name]) for name in weights[0])
    assert {"lora_A", "lora_B"} == {
        part
        for name in load_file(out / "adapter_model.safetensors")
        for part in name.split(".")
        if part.startswith("lora")
    }
    with pytest.raises(UsageError, match="finished training"):
        passel.train("cot-valve:rank=4", out=out, steps=12, batch=4, **settings)


def test_what_is_refused(tiny: Path, sums: Path, tmp_path: Path, cli: Any) -> None:
    given = ("--model", tiny, "--data", sums, "--out", tmp_path / "out")
    assert "unknown recipe 'nothing'" in cli("train", "nothing", *given).message
    assert "unknown option of recipe cot_valve" in cli("train", "cot-valve:rnak=4", *given).message
    missing = cli("train", "cot-valve", "--model", tiny, "--data", tmp_path / "no.txt", "--out", tmp_path / "out")
    assert "no file at" in missing.message
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert "not empty" in cli("train", "cot-valve", *given[:4], "--out", tmp_path / "full").message
