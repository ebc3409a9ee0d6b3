"""Heads that read a token off any layer, and a controller that says where to: what early exits are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CONTINUE", "EXIT", "EXIT_THRESHOLD", "STOP", "STOP_THRESHOLD", "ControllerExit", "EarlyExit", "NeverExit"]
__all__ += ["build_early_exit", "decided", "thresholds"]

CONTINUE, EXIT, STOP = 0, 1, 2
"""The controller's classes: on to the next layer; the token stands; no layer would have it."""
EXIT_THRESHOLD, STOP_THRESHOLD = 0.9, 0.8
"""Of those that the paper sweeps."""


class EarlyExit(nn.Module):
    """For each layer but the last a change of its hidden state, after which the model's own final norm and head read a
    token off it; and one controller for all layers.

    Before training a state is only scaled, to a root mean square of 1, which the final norm does anyway.

    Args:
        layers: of the model. hidden_size: of its states.
        rank: of the changes; 0: matrices of full rank.
    """

    def __init__(self, layers: int, hidden_size: int, rank: int) -> None:
        super().__init__()
        self.layers, self.hidden_size = layers, hidden_size
        self.changes = nn.ModuleList(_change(hidden_size, rank) for _ in range(layers - 1))
        self.controller = nn.Linear(hidden_size, 3, bias=False)
        nn.init.zeros_(self.controller.weight)

    def read(self, depth: int, hidden: Tensor) -> Tensor:
        """States [tokens, hidden size] after `depth` layers, 1 to one less than all, as the final norm and head are to
        read them."""
        normed = scaled(hidden)
        return normed + self.changes[depth - 1](normed)

    def classes(self, hidden: Tensor) -> Tensor:
        """Logits [tokens, 3] of CONTINUE, EXIT and STOP, from states after any layer."""
        states = hidden.float()  # scaled afterwards, which is less work: it is asked at every layer
        return functional.linear(states, self.controller.weight) / _size(states)


def scaled(hidden: Tensor) -> Tensor:
    """States in float32 with a root mean square of 1."""
    states = hidden.float()
    return states / _size(states)


def _size(states: Tensor) -> Tensor:
    """Root mean squares [tokens, 1]."""
    norms = cast(Tensor, cast(Any, torch.linalg).vector_norm(states, dim=-1, keepdim=True))
    return norms.clamp_min(1e-6) / math.sqrt(states.shape[-1])


def build_early_exit(settings: Mapping[str, Any]) -> EarlyExit:
    """From the settings that training keeps, with any weights."""
    return EarlyExit(settings["layers"], settings["hidden_size"], settings["rank"])


def thresholds(exit_threshold: float, stop_threshold: float, device: torch.device) -> Tensor:
    """What each class's probability must be above, [3]."""
    return torch.tensor([0.0, exit_threshold, stop_threshold], device=device)


def decided(chances: Tensor, least: Tensor) -> Tensor:
    """The class taken for each token: the likeliest one where it is above its threshold, else CONTINUE.

    Args:
        chances: [tokens, 3]. least: as `thresholds` has it.
    """
    most, found = chances.max(-1)
    return found * (most > least[found])  # CONTINUE is 0


@dataclass(slots=True, eq=False)
class ControllerExit:
    """The exit of one forward, and whether the controller stopped there.

    Args:
        parts: heads and controller. least: as `thresholds` has it.
    """

    parts: EarlyExit
    least: Tensor
    stopped: bool = False
    _found: Tensor | None = None

    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        """See `engine.requests.ExitRule`."""
        self._found = self.decide(hidden)
        return self._found.bool()

    def state(self, depth: int, hidden: Tensor) -> Tensor:
        """See `engine.requests.ExitRule`."""
        assert self._found is not None, "who leaves is asked first"
        self.stopped |= bool((self._found == STOP).any())
        return self.parts.read(depth, hidden)

    def decide(self, hidden: Tensor) -> Tensor:
        """The class taken for each state."""
        return decided(self.parts.classes(hidden).softmax(-1), self.least)


class NeverExit:
    """An exit by which no token leaves, so that an output tells how many layers there are."""

    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        """See `engine.requests.ExitRule`."""
        return torch.zeros(len(hidden), dtype=torch.bool, device=hidden.device)

    def state(self, depth: int, hidden: Tensor) -> Tensor:
        """See `engine.requests.ExitRule`."""
        return hidden


def _change(size: int, rank: int) -> nn.Module:
    """A linear map that is 0 before training."""
    last = nn.Linear(rank or size, size)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(size, rank, bias=False), last) if rank else last
