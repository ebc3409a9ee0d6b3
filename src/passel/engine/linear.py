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

_AMX_ROWS = 32
"""Up to so many rows, AMX kernels add up in one order."""


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
    not be put in order anew at every call.

    A row's result does not depend on the rows beside it. oneDNN adds up in an order that depends on their number in two
    cases, which are avoided:
    - a single row with a long sum: such a row goes in twice.
    - more than 32 rows on processors with AMX (Intel since Sapphire Rapids): they go in 32 at a time. Measured on one
      core, with 576 to 3072 outputs: 64 rows take 0.7 to 1.8 times and 256 rows 2.4 to 3 times as long as at once, up
      to 32 rows no longer. Without AMX (ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16) the order would not matter either, but 8
      rows would take 2 to 3 times, 32 rows 3 to 9 times and 256 rows 3 to 13 times as long as 32 at a time.

    Args:
        outputs: of the weight.
        max_rows: at once; None: any number.
    """

    weight: Tensor
    bias: Tensor | None
    outputs: int
    max_rows: int | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """See `Product`."""
        if self.max_rows is not None and len(x) > self.max_rows:
            return torch.cat([self(x[start : start + self.max_rows]) for start in range(0, len(x), self.max_rows)])
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
    """Returns the product in a blocked layout, where torch has one for this dtype and processor; else unchanged."""
    weight = linear.weight
    if weight.device.type != "cpu" or weight.dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():
        return linear
    try:
        # what torch.compile itself puts in the place of a linear layer whose weight does not change
        blocked = _ops()._reorder_linear_weight(weight.contiguous(), None)
    except (AttributeError, RuntimeError):
        return linear
    return Packed(blocked, linear.bias, weight.shape[0], _AMX_ROWS if _has_amx() else None)


def _has_amx() -> bool:
    cpu: Any = torch.cpu
    return bool(cpu._is_amx_tile_supported())


def _ops() -> Any:
    return torch.ops.mkldnn
