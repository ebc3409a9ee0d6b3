"""Heads that read a token off any layer, and a controller that says where to: what early exits are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["CONTINUE", "EXIT", "EXIT_THRESHOLD", "STOP", "STOP_THRESHOLD", "EarlyExit", "Leaving", "Stays", "built"]
__all__ += ["decided"]

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
        return self.controller(scaled(hidden))


def scaled(hidden: Tensor) -> Tensor:
    """States in float32 with a root mean square of 1."""
    states = hidden.float()
    return states * (states.square().mean(-1, keepdim=True) + 1e-6).rsqrt()


def built(settings: Mapping[str, Any]) -> EarlyExit:
    """From the settings that training keeps, with any weights."""
    return EarlyExit(settings["layers"], settings["hidden_size"], settings["rank"])


def decided(chances: Tensor, exit_threshold: float, stop_threshold: float) -> Tensor:
    """The class taken for each token: the likeliest one where it is EXIT or STOP and its probability is above the
    threshold, else CONTINUE. chances [tokens, 3]."""
    most, found = chances.max(-1)
    least = torch.tensor([-1.0, exit_threshold, stop_threshold], device=chances.device)
    return torch.where(most > least[found], found, CONTINUE)


@dataclass(slots=True, eq=False)
class Leaving:
    """The exit of one forward of one token, and whether the controller stopped there.

    Args:
        parts: heads and controller. exit_threshold, stop_threshold: see `decided`.
    """

    parts: EarlyExit
    exit_threshold: float
    stop_threshold: float
    stopped: bool = False

    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        """See `engine.Exit`."""
        found = self.decide(hidden)
        self.stopped |= bool((found == STOP).any())
        return found != CONTINUE

    def state(self, depth: int, hidden: Tensor) -> Tensor:
        """See `engine.Exit`."""
        return self.parts.read(depth, hidden)

    def decide(self, hidden: Tensor) -> Tensor:
        """The class taken for each state."""
        return decided(self.parts.classes(hidden).softmax(-1), self.exit_threshold, self.stop_threshold)


class Stays:
    """An exit by which no token leaves, so that an output tells how many layers there are."""

    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        """See `engine.Exit`."""
        return torch.zeros(len(hidden), dtype=torch.bool, device=hidden.device)

    def state(self, depth: int, hidden: Tensor) -> Tensor:
        """See `engine.Exit`."""
        return hidden


def _change(size: int, rank: int) -> nn.Module:
    """A linear map that is 0 before training."""
    last = nn.Linear(rank or size, size)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(size, rank, bias=False), last) if rank else last
