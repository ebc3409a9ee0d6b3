"""The result of a recipe: the module that is trained, the loss of a step, the evaluation and the way it is saved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from passel.core.errors import UsageError

__all__ = ["Evaluate", "Loss", "Schedule", "TrainingSetup", "no_figures"]


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """The loss of one step.

    Args:
        value: a scalar with gradients.
        tokens: number of tokens that it was computed on.
        figures: further values for the log, by name.
    """

    value: Tensor
    tokens: int
    figures: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Schedule:
    """The optimiser's schedule: AdamW, a linear warm-up, then a cosine.

    Args:
        steps: number of updates of the weights.
        learning_rate: its highest value. floor: its last value, as a share of the highest.
        warmup: share of the steps in which the rate rises.
        weight_decay: of matrices; vectors have none.
        clip: limit of the gradient's norm.
        accumulate: number of losses whose gradients are added up for an update.
        restarts: updates at which the rate begins anew, for training in stages.
    """

    steps: int
    learning_rate: float
    floor: float = 0.1
    warmup: float = 0.05
    weight_decay: float = 0.0
    clip: float = 1.0
    accumulate: int = 1
    restarts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("steps", "accumulate"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise UsageError(f"the learning rate must be above 0, got {self.learning_rate}")

    def rate(self, step: int) -> float:
        """The learning rate of the n-th update, counted from 0."""
        start = max((at for at in self.restarts if at <= step), default=0)
        steps = min((at for at in self.restarts if at > step), default=self.steps) - start
        step, warm = step - start, max(1, round(self.warmup * steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        share = (step - warm) / max(1, steps - warm)
        return self.learning_rate * (self.floor + (1 - self.floor) * (1 + math.cos(math.pi * share)) / 2)


Evaluate = Callable[[], Mapping[str, float]]


def no_figures() -> Mapping[str, float]:
    """No figures."""
    return {}


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSetup:
    """All that the training loop needs.

    A step's loss depends only on the weights and on the step's number, so an interrupted run continues as if it had not
    been interrupted.

    Args:
        module: its parameters that require gradients are trained; its state is saved.
        loss: the loss of the n-th batch, counted from 0; called with the module in training mode and torch's random
            numbers seeded by the step.
        schedule: number of steps and learning rates.
        settings: values with JSON's types from which the module is built when it is loaded.
        evaluate: figures on held-out texts, called in evaluation mode without gradients.
        save: writes the result into a folder in another format; default: the module's state as `parts.safetensors`.
    """

    module: nn.Module
    loss: Callable[[int], Loss]
    schedule: Schedule
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    evaluate: Evaluate = no_figures
    save: Callable[[Path], None] | None = None

    def evaluated(self) -> dict[str, float]:
        """Figures on held-out texts with the current weights."""
        self.module.eval()
        with torch.no_grad():
            return dict(self.evaluate())

    def trained_state(self) -> dict[str, Tensor]:
        """The module's state without frozen parameters."""
        frozen = {name for name, parameter in self.module.named_parameters() if not parameter.requires_grad}
        state = self.module.state_dict()
        return {name: value.detach().contiguous().clone() for name, value in state.items() if name not in frozen}
