"""A matrix product with weights, in the layout that is fastest where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from passel.engine.int8 import int8_linear, quantise
from passel.engine.kernels.int8 import multiplies, multiply, pack

__all__ = ["Int8", "Linear", "Packed", "PackedInt8", "Product", "packed", "quantised"]


_LONG_SUM = 1024
"""Numbers that oneDNN adds up in one go."""


class Product(Protocol):
    """x [rows, inputs] to [rows, outputs]."""

    @property
    def outputs(self) -> int:
        """Columns of the result."""
        ...

    def __call__(self, x: Tensor) -> Tensor:
        """The product."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """weight [outputs, inputs], bias [outputs] or None."""

    weight: Tensor
    bias: Tensor | None = None

    @property
    def outputs(self) -> int:
        """See `Product`."""
        return self.weight.shape[0]

    def __call__(self, x: Tensor) -> Tensor:
        """See `Product`."""
        return functional.linear(x, self.weight, self.bias)


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The weight in oneDNN's blocked layout, in which a product of few rows takes about two thirds of the time: it need
    not be put in order anew at every call. `outputs`: of the weight."""

    weight: Tensor
    bias: Tensor | None
    outputs: int

    def __call__(self, x: Tensor) -> Tensor:
        """See `Product`. A row's result does not depend on how many there are: oneDNN adds up one row alone in another
        order where the sum is long, so such a row goes in twice."""
        if len(x) == 1 and x.shape[1] > _LONG_SUM:
            return self(x.expand(2, -1))[:1]
        return _ops()._linear_pointwise(x, self.weight, self.bias, "none", [], "")


@dataclass(frozen=True, slots=True, eq=False)
class Int8:
    """weight int8 [outputs, inputs], scale float32 [outputs], bias [outputs] or None; see `engine.int8`."""

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    @property
    def outputs(self) -> int:
        """See `Product`."""
        return self.weight.shape[0]

    def __call__(self, x: Tensor) -> Tensor:
        """See `Product`."""
        return int8_linear(x, self.weight, self.scale, self.bias)


@dataclass(frozen=True, slots=True, eq=False)
class PackedInt8:
    """The same as the processor multiplies it fastest, with rows that are rounded to eight bits too; see
    `kernels.int8`. bias float32 [outputs] or None."""

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    @property
    def outputs(self) -> int:
        """See `Product`."""
        return len(self.scale)

    def __call__(self, x: Tensor) -> Tensor:
        """See `Product`."""
        return multiply(x, self.weight, self.scale, self.bias)


def quantised(linear: Linear) -> Product:
    """The product with a weight of eight bits; on processors that multiply them in hardware, of rounded inputs too."""
    weight, scale = quantise(linear.weight)
    if multiplies(weight, linear.weight.dtype):
        return PackedInt8(pack(weight), scale, None if linear.bias is None else linear.bias.float())
    return Int8(weight, scale, linear.bias)


def packed(linear: Linear) -> Product:
    """The same product in a blocked layout, where torch has one for this dtype and processor; else as it is."""
    weight = linear.weight
    if weight.device.type != "cpu" or weight.dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():
        return linear
    try:
        # what torch.compile itself puts in the place of a linear layer whose weight does not change
        blocked = _ops()._reorder_linear_weight(weight.contiguous(), None)
    except (AttributeError, RuntimeError):
        return linear
    return Packed(blocked, linear.bias, weight.shape[0])


def _ops() -> Any:
    return torch.ops.mkldnn
