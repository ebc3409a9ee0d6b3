"""What a recipe makes: what is trained, the loss of a step, and how it is judged and kept."""

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
    """Of one step.

    Args:
        value: a scalar with gradients.
        tokens: that it was computed on.
        figures: what else is worth a line in the log, by name.
    """

    value: Tensor
    tokens: int
    figures: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Schedule:
    """How steps follow each other: AdamW, a linear warm-up, then a cosine.

    Args:
        steps: updates of the weights.
        learning_rate: at its highest. floor: its share at the end.
        warmup: share of the steps.
        weight_decay: of matrices; vectors have none.
        clip: of the gradient's norm.
        accumulate: losses whose gradients are added up before an update.
        restarts: updates at which the rate begins anew, for what is trained in stages.
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
    """What is to be done. A step's loss is a function of the weights and the step's number alone, so that a run that
    was interrupted goes on as if it had not been.

    Args:
        module: its parameters that require gradients are trained; its state is what is kept.
        loss: of the n-th batch, counted from 0; called with the module in training mode and the random numbers of torch
            seeded by the step.
        schedule: how many steps, and how large.
        settings: what builds the module anew when it is loaded: plain values, with JSON's types.
        evaluate: figures on held-out text, called in evaluation mode without gradients.
        save: writes the result in a form of its own into a folder; default: the module's state as `parts.safetensors`.
    """

    module: nn.Module
    loss: Callable[[int], Loss]
    schedule: Schedule
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    evaluate: Evaluate = no_figures
    save: Callable[[Path], None] | None = None

    def evaluated(self) -> dict[str, float]:
        """Its figures on held-out text as it stands."""
        self.module.eval()
        with torch.no_grad():
            return dict(self.evaluate())

    def trained_state(self) -> dict[str, Tensor]:
        """The module's state, but for what it holds of a frozen model."""
        frozen = {name for name, one in self.module.named_parameters() if not one.requires_grad}
        state = self.module.state_dict()
        return {name: one.detach().contiguous().clone() for name, one in state.items() if name not in frozen}
