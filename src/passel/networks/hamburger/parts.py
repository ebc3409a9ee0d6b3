"""What is trained beside a model, as one module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from passel.networks.hamburger.embedder import Embedder
from passel.networks.hamburger.micro import MicroDecoder, StopHead

__all__ = ["Parts", "Shape", "build", "depths_of"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the parts are.

    Args:
        hidden_size: of the model. depths: layers after which the model's states are read, the last one included.
        most: tokens of a group at most. layers, heads, inner_size: of the micro-step decoder.
    """

    hidden_size: int
    depths: tuple[int, ...]
    most: int
    layers: int
    heads: int
    inner_size: int


class Parts(nn.Module):
    """The compositional embedder, the micro-step decoder, and the head that says where a group ends."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedder = Embedder(shape.hidden_size, shape.most)
        self.micro = MicroDecoder(
            shape.hidden_size, len(shape.depths), shape.most, shape.layers, shape.heads, shape.inner_size
        )
        self.stop = StopHead(shape.hidden_size)


def build(settings: Mapping[str, Any]) -> Parts:
    """The parts of a shape as a manifest has it, with any weights."""
    plain: dict[str, Any] = dict(settings)
    plain["depths"] = tuple(plain["depths"])
    return Parts(Shape(**plain))


def depths_of(layers: int, count: int) -> tuple[int, ...]:
    """Depths at equal distances, the last layer of so many among them; fewer where there are not so many layers."""
    return tuple(sorted({-(-layers * at // count) for at in range(1, count + 1)}))
