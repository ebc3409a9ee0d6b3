"""What a layer does between its matrix products: fused for the processor, or in plain torch."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from passel.engine.kernels.native import native
from passel.engine.kernels.reference import Reference
from passel.engine.kernels.views import Rope, View

__all__ = ["Kernels", "Rope", "View", "choose"]


class Kernels(Protocol):
    """Two implementations that agree up to rounding. All tensors are contiguous."""

    def norm(self, x: Tensor, weight: Tensor, eps: float, offset: float) -> Tensor:
        """Root-mean-square norm of the rows of x [rows, n], times weight + offset."""
        ...

    def add_norm(self, x: Tensor, hidden: Tensor, weight: Tensor, eps: float, offset: float) -> Tensor:
        """Adds x to `hidden` in place, and returns the norm of the sum."""
        ...

    def gated(self, x: Tensor, activation: int) -> Tensor:
        """x [rows, 2 n] is gate and up; activation(gate) * up, of 0: silu, 1: gelu in its tanh form."""
        ...

    def rope(self, qkv: Tensor, keys: Tensor, values: Tensor, at: Rope) -> Tensor:
        """Splits qkv [tokens, (heads + 2 kv heads) * head size], rotates; keys and values go into their slots
        [slots, kv heads, head size] in place, the queries [queries, heads, head size] are returned."""
        ...

    def attend(self, q: Tensor, keys: Tensor, values: Tensor, out: Tensor, view: View) -> None:
        """Attention of the view's rows, written into out [tokens, heads, head size]."""
        ...


def choose(device: torch.device, dtype: torch.dtype, head_size: int, sizes: tuple[int, ...]) -> Kernels:
    """Compiled kernels on a processor that has a compiler; torch's own operations elsewhere."""
    fast = native(dtype, head_size, sizes) if device.type == "cpu" else None
    return fast or Reference()
