"""Products with weights of eight bits by `int8.cpp`, on processors with AVX-512 VNNI."""

from __future__ import annotations

import torch
from torch import Tensor

from passel.engine.kernels.native import function

__all__ = ["multiplies", "multiply", "pack"]

_LANES, _DEEP, _PART = 16, 4, 64


def multiplies(weight: Tensor, dtype: torch.dtype) -> bool:
    """Whether inputs of this type can be multiplied with a weight [outputs, inputs] here."""
    sizes = weight.shape[0] % _LANES == 0 and weight.shape[1] % _PART == 0
    return weight.device.type == "cpu" and sizes and function("int8", dtype) is not None


def pack(weight: Tensor) -> Tensor:
    """int8 [outputs, inputs] as the kernel reads it: uint8 [outputs / 16, inputs / 4, 16, 4], numbers 128 higher."""
    outputs, inputs = weight.shape
    blocks = weight.view(torch.uint8).bitwise_xor(128).view(outputs // _LANES, _LANES, inputs // _DEEP, _DEEP)
    return blocks.permute(0, 2, 1, 3).contiguous()


def multiply(x: Tensor, weight: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
    """x [rows, inputs] times a weight that `pack` made: [rows, outputs] in the type of x. Rows are rounded to eight
    bits, 64 numbers with one scale.

    Args:
        scale: float32 [outputs]. bias: float32 [outputs], or None.
    """
    run = function("int8", x.dtype)
    assert run is not None, "it was asked whether this can be"
    x = x.contiguous()
    rows, inputs = x.shape
    out = x.new_empty(rows, len(scale))
    pointers = x.data_ptr(), weight.data_ptr(), scale.data_ptr(), None if bias is None else bias.data_ptr()
    run(*pointers, out.data_ptr(), rows, inputs, len(scale))
    return out
