"""Coupled sequential glancing: which places of a batch are told their answer before they are asked again."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

__all__ = ["glanced", "share"]

_FIRST, _LAST = 0.45, 0.1


def share(done: float) -> float:
    """Of the places that were wrong, how many are told, after this part of a training: from 0.45 to 0.1."""
    return _LAST + (_FIRST - _LAST) * (1.0 - done)


def glanced(
    wrong: Int64[Tensor, " rows"], asked: Bool[Tensor, "rows t"], *, block: int, offset: int, share: float
) -> Bool[Tensor, "rows t"]:
    """Places that are told their answer: beginnings of blocks taken by chance, drawn from torch's generator, of 1 to
    `block` - 1 places each; about `share` of the row's `wrong` places in all.

    Args:
        wrong: places of each row that were predicted wrongly.
        asked: places that are to predict; only blocks of which all are can be told.
        offset: places that the first block lacks.
    """
    told = torch.zeros_like(asked)
    if block == 1 or asked.shape[1] < block:
        return told  # the only place of a block of one is to be learned
    for row, places in enumerate(asked):
        whole = places.unfold(0, block, 1).all(1)
        starts = whole.nonzero().squeeze(1)
        starts = starts[(starts + offset) % block == 0]
        # a beginning has block / 2 places on average
        blocks = min(int(2 * share * int(wrong[row]) / block + float(torch.rand(()))), len(starts))
        for at in torch.randperm(len(starts))[:blocks]:
            start = int(starts[int(at)])
            told[row, start : start + 1 + int(torch.randint(block - 1, ()))] = True
    return told
