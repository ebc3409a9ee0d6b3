"""Linear layers with weights of eight bits: half of bfloat16's memory. A weight has one scale for each output. Inputs
stay as they are here; `kernels.int8` rounds them too, where the processor multiplies whole numbers in hardware."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from passel.core.errors import UsageError

__all__ = ["int8_linear", "quantise"]

_LARGEST = 127
_SMALLEST = 1e-12
"""Instead of zero as a largest value: a row of zeros stays one."""


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight [outputs, inputs] as int8 [outputs, inputs] and scales [outputs] in float32: weight ~ int8 · scale.

    Symmetric: zero stays zero, the largest value of a row becomes 127. The error of an entry is half a scale at most.
    """
    if weight.dim() != 2:
        raise UsageError(f"a linear layer's weight has two dimensions, got {tuple(weight.shape)}")
    scale = weight.float().abs().amax(1).clamp_(min=_SMALLEST) / _LARGEST
    return (weight.float() / scale[:, None]).round_().to(torch.int8), scale


def int8_linear(x: Tensor, weight: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
    """x [..., inputs] times a quantised weight: [..., outputs] in the type of x.

    Args:
        x: of a floating type.
        weight: int8 [outputs, inputs]. scale: float32 [outputs]; both from `quantise`.
        bias: [outputs], or None.
    """
    rows = x.reshape(-1, x.shape[-1])
    if x.device.type == "cpu" and x.dtype == torch.bfloat16:
        product = _ops()._weight_int8pack_mm(rows, weight, scale.to(x.dtype))
    else:
        product = functional.linear(rows, weight.to(x.dtype)) * scale
    added = product if bias is None else product + bias
    return added.to(x.dtype).reshape(*x.shape[:-1], -1)


def _ops() -> Any:
    return torch.ops.aten
