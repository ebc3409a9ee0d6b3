"""The training loop: steps, checkpoints, the log. It knows no recipe."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch as safetensors_torch
import torch

from passel.core.key import Key
from passel.training.loop.log import Log, OnStep, ignore_step
from passel.training.loop.seeded import seeded
from passel.training.loop.setup import Loss, TrainingSetup

__all__ = ["CHECKPOINT", "run"]

CHECKPOINT = "checkpoint"
_SECONDS = 60.0
"""Seconds between checkpoints."""


@dataclass(frozen=True, slots=True)
class _State:
    """Progress: number of steps done, and their duration in seconds."""

    step: int = 0
    seconds: float = 0.0


def run(
    setup: TrainingSetup,
    folder: Path,
    *,
    key: Key,
    device: torch.device,
    mixed: bool,
    evaluations: int = 5,
    every: float = _SECONDS,
    on_step: OnStep = ignore_step,
) -> dict[str, float]:
    """Trains, and returns the last evaluation. A run continues from the checkpoint in the folder, if there is one.

    Args:
        folder: for the log and the checkpoint, which is deleted when training is done.
        key: seeds the random numbers of each step.
        mixed: compute products in bfloat16, with weights in float32.
        evaluations: number of evaluations, the last of them at the end.
        every: seconds between checkpoints.
        on_step: called after each step.
    """
    schedule = setup.schedule
    optimizer = _optimizer(setup)
    state = _load(folder / CHECKPOINT, setup, optimizer)
    log = Log(folder, state.step)
    due = {round(schedule.steps * (at + 1) / evaluations) for at in range(evaluations)}
    if not state.step:
        log.evaluated(0, setup.evaluated())
    saved, figures = time.monotonic(), dict[str, float]()
    while state.step < schedule.steps:
        begun = time.perf_counter()
        losses = list(_step(setup, optimizer, state.step, key, device, mixed))
        taken = time.perf_counter() - begun
        state = _State(state.step + 1, state.seconds + taken)
        on_step(log.stepped(state.step, schedule, losses, taken, state.seconds))
        if state.step in due:
            figures = setup.evaluated()
            log.evaluated(state.step, figures)
        if time.monotonic() - saved > every and state.step < schedule.steps:
            _save(folder / CHECKPOINT, setup, optimizer, state)
            saved = time.monotonic()
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
    return figures


def _step(
    setup: TrainingSetup, optimizer: torch.optim.Optimizer, step: int, key: Key, device: torch.device, mixed: bool
) -> Iterator[Loss]:
    """One update of the weights."""
    schedule = setup.schedule
    setup.module.train()
    optimizer.zero_grad(set_to_none=True)
    for part in range(schedule.accumulate):
        number = step * schedule.accumulate + part
        cast = torch.autocast(device.type, torch.bfloat16) if mixed else nullcontext()
        with seeded(key / "step" / number), torch.enable_grad():
            with cast:
                loss = setup.loss(number)
            (loss.value / schedule.accumulate).backward()
        yield loss
    if not all(_finite(group) for group in optimizer.param_groups):
        raise FloatingPointError(f"the gradient of step {step + 1} is not finite: lower the learning rate")
    torch.nn.utils.clip_grad_norm_(setup.module.parameters(), schedule.clip)
    for group in optimizer.param_groups:
        group["lr"] = schedule.rate(step)
    optimizer.step()


def _finite(group: dict[str, Any]) -> bool:
    gradients = [parameter.grad for parameter in group["params"] if parameter.grad is not None]
    return all(bool(gradient.isfinite().all()) for gradient in gradients)


def _optimizer(setup: TrainingSetup) -> torch.optim.Optimizer:
    trained = [one for one in setup.module.parameters() if one.requires_grad]
    groups = [
        {"params": [one for one in trained if one.dim() > 1], "weight_decay": setup.schedule.weight_decay},
        {"params": [one for one in trained if one.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], betas=(0.9, 0.95))


def _save(target: Path, setup: TrainingSetup, optimizer: torch.optim.Optimizer, state: _State) -> None:
    """Writes a checkpoint beside its place and moves it there, so that it is complete or missing."""
    part = target.with_name(f".{target.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    safetensors_torch.save_file(setup.trained_state(), part / "module.safetensors")
    torch.save(optimizer.state_dict(), part / "optimizer.pt")
    (part / "state.json").write_text(json.dumps({"step": state.step, "seconds": state.seconds}), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    part.replace(target)


def _load(source: Path, setup: TrainingSetup, optimizer: torch.optim.Optimizer) -> _State:
    if not source.is_dir():
        return _State()
    setup.module.load_state_dict(safetensors_torch.load_file(source / "module.safetensors"), strict=False)
    optimizer.load_state_dict(torch.load(source / "optimizer.pt", weights_only=True))
    return _State(**json.loads((source / "state.json").read_text(encoding="utf-8")))
