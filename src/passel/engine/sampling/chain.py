"""Transforms of logits, and how they are joined."""

from __future__ import annotations

from functools import partial, reduce
from typing import Protocol

from jaxtyping import Float, Int64
from torch import Tensor

__all__ = ["Transform", "chain", "on"]


class Transform(Protocol):
    """Logits in, logits out; what is excluded is -inf. The argument is not changed."""

    def __call__(self, logits: Float[Tensor, "rows vocab"], /) -> Float[Tensor, "rows vocab"]: ...


def chain(*transforms: Transform) -> Transform:
    """One transform after the other, the first first; of none, the logits as they are."""
    return partial(_joined, transforms)


def on(rows: Int64[Tensor, " some"], transform: Transform) -> Transform:
    """`transform`, of these rows alone: what it takes is paid for them, and the others stay to the last bit.

    Args:
        rows: each row once, in ascending order.
        transform: is given logits [some, vocab].
    """
    return partial(_on, rows, transform)


def _joined(transforms: tuple[Transform, ...], logits: Float[Tensor, "rows vocab"], /) -> Float[Tensor, "rows vocab"]:
    return reduce(lambda so_far, transform: transform(so_far), transforms, logits)


def _on(
    rows: Int64[Tensor, " some"], transform: Transform, logits: Float[Tensor, "rows vocab"], /
) -> Float[Tensor, "rows vocab"]:
    if not len(rows):
        return logits
    if len(rows) == len(logits):
        return transform(logits)
    return logits.index_copy(0, rows, transform(logits[rows]))
