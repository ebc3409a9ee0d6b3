"""Coupled sequential glancing: which places of a batch are shown their answer before the second pass."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

__all__ = ["glanced", "share"]

_FIRST, _LAST = 0.45, 0.1


def share(done: float) -> float:
    """The share of the wrong places that are shown their answer, after this part of the training: from 0.45 to 0.1."""
    return _LAST + (_FIRST - _LAST) * (1.0 - done)


def glanced(
    wrong: Int64[Tensor, " rows"], asked: Bool[Tensor, "rows t"], *, block: int, offset: int, share: float
) -> Bool[Tensor, "rows t"]:
    """The places that are shown their answer: beginnings, of 1 to `block` - 1 places, of blocks drawn from torch's
    generator; about `share` times the row's `wrong` places in all.

    Args:
        wrong: number of places of each row that were predicted wrongly.
        asked: places that are predicted; a block is shown only if all its places are.
        offset: number of places that the first block lacks.
    """
    shown = torch.zeros_like(asked)
    if block == 1 or asked.shape[1] < block:
        return shown  # the only place of a block of one is learned
    for row, places in enumerate(asked):
        whole = places.unfold(0, block, 1).all(1)
        starts = whole.nonzero().squeeze(1)
        starts = starts[(starts + offset) % block == 0]
        # a beginning has block / 2 places on average
        blocks = min(int(2 * share * int(wrong[row]) / block + float(torch.rand(()))), len(starts))
        for at in torch.randperm(len(starts))[:blocks]:
            start = int(starts[int(at)])
            shown[row, start : start + 1 + int(torch.randint(block - 1, ()))] = True
    return shown
