"""Linear layers with weights of eight bits: half of bfloat16's memory.

A weight has one scale for each output. The input stays as it is, or is rounded to eight bits too, each row with a scale
of its own as it comes (Dettmers et al. 2022, 2208.07339, section 2, without the decomposition of outliers): faster
where the processor multiplies int8 in hardware, and less exact. The sums are then integers, so a row's result depends
neither on its neighbours nor on how many there are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from passel.core.errors import UsageError
from passel.engine.weights.checkpoint import cpu_flags

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


def int8_linear(
    x: Tensor, weight: Tensor, scale: Tensor, bias: Tensor | None = None, *, round_input: bool = False
) -> Tensor:
    """x [..., inputs] times a quantised weight: [..., outputs] in the type of x.

    Args:
        x: of a floating type.
        weight: int8 [outputs, inputs]. scale: float32 [outputs]; both from `quantise`.
        bias: [outputs], or None.
        round_input: round x to eight bits too, on processors that multiply int8 in hardware; no effect elsewhere.
    """
    rows = x.reshape(-1, x.shape[-1])
    if round_input and x.device.type == "cpu" and _multiplies_int8():
        largest = rows.abs().amax(1, keepdim=True).float().clamp_(min=_SMALLEST)
        whole = (rows * (_LARGEST / largest)).round_().to(torch.int8)
        product = _ops()._int_mm(whole, weight.t()) * (largest * (scale / _LARGEST))
    elif x.device.type == "cpu" and x.dtype == torch.bfloat16:
        product = _ops()._weight_int8pack_mm(rows, weight, scale.to(x.dtype))
    else:
        product = functional.linear(rows, weight.to(x.dtype)) * scale
    added = product if bias is None else product + bias
    return added.to(x.dtype).reshape(*x.shape[:-1], -1)


@cache
def _multiplies_int8() -> bool:
    """Whether the processor has instructions for it. Without them sums of int8 products may saturate."""
    return bool({"avx512_vnni", "avx_vnni", "amx_int8"} & cpu_flags())


def _ops() -> Any:
    return torch.ops.aten
