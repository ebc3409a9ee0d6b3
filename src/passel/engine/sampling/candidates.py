"""The few tokens of each row that a truncation has to look at, as a flat list.

A place is row * vocab + token. Rows have different numbers of candidates, most of them few; sorting, summing and
scattering the list costs little beside one pass over all logits.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, Num
from torch import Tensor
from torch.nn.functional import pad

__all__ = ["at_least", "before", "falling", "only"]


def at_least(values: Float32[Tensor, "rows vocab"], least: Float32[Tensor, " rows"]) -> Int64[Tensor, " candidates"]:
    """Places of the values that are at least so large, and of none that is -inf or NaN, in ascending order."""
    least = least.clamp(min=torch.finfo(least.dtype).min)
    if values.is_cpu:  # 0.5 ms of one core for 32 rows of 49152; torch's comparison and nonzero take 2.1
        return torch.from_numpy(np.flatnonzero(values.numpy() >= least.numpy()[:, np.newaxis]))
    return (values >= least.unsqueeze(1)).view(-1).nonzero().squeeze(1)


def falling(row: Int64[Tensor, " candidates"], keys: Float[Tensor, " candidates"]) -> Int64[Tensor, " candidates"]:
    """The order by row, then by falling key, then as they are, which is by token."""
    order = keys.argsort(descending=True, stable=True)
    return order[row[order].argsort(stable=True)]


def before(
    values: Num[Tensor, " candidates"], row: Int64[Tensor, " candidates"], rows: int
) -> Num[Tensor, " candidates"]:
    """The sum of the values that stand before each one in its row; `row` is ascending."""
    sums = pad(values.cumsum(0), (1, 0))
    sizes = torch.bincount(row, minlength=rows)
    return sums[:-1] - sums[sizes.cumsum(0) - sizes][row]


def only(logits: Float32[Tensor, "rows vocab"], at: Int64[Tensor, " kept"]) -> Float32[Tensor, "rows vocab"]:
    """The logits at these places; all else is excluded."""
    kept = torch.full_like(logits, -torch.inf, memory_format=torch.contiguous_format)
    kept.view(-1)[at] = logits.reshape(-1)[at]
    return kept
