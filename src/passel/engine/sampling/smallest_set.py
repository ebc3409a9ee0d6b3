"""The smallest set of tokens, in an order, that has a probability mass."""

from __future__ import annotations

import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor
from torch.nn.functional import pad

from passel.engine.sampling.blocks import blocks
from passel.engine.sampling.candidates import at_least, before, falling, only

__all__ = ["keep_smallest_set"]

BINS = 1024
DEPTH = 32.0
"""Bins for the keys of a row, and how far below its first key they reach. What is further falls into the last bin,
which costs time and changes no result."""

ROUNDING = 2.0**-20
"""How near to the mass, as a share of it, counts as reached: weights are float32, and their last bits differ from
processor to processor. Without it 55 tokens of 0.01 reach a mass of 0.55 on one and miss it on another."""


def keep_smallest_set(
    logits: Float32[Tensor, "rows vocab"],
    keys: Float32[Tensor, "rows vocab"],
    weights: Float32[Tensor, "rows vocab"],
    mass: Float64[Tensor, " rows"],
    floor: Float[Tensor, " rows"],
) -> Float32[Tensor, "rows vocab"]:
    """Excludes all tokens but the first, by falling key and rising id, with at least the share `mass` of all weight.

    A mass is reached up to float32's rounding, so that every processor keeps the same tokens. No row is sorted. Tokens
    lighter than the floor, nearly all, are left aside; a histogram of the others' weight by key finds the bin in which
    the mass is reached, and that bin is sorted. Sums are of float64, but for the total of what is left aside. The first
    token always remains.

    Top-p 0.95 with one core, for 32 rows of 49152 logits of a language model at temperature 0.7 and 1: 3.4 and 5 ms,
    softmax included. With the 64 first tokens by topk, and this for the rows where they do not suffice, 7 and 11;
    sorting the rows takes 111.

    Args:
        weights: contiguous; written over, which spares a copy as large as the logits.
        floor: tokens with at least this weight have the mass, and come before all others.
    """
    at = at_least(weights, (floor * (1 - 1e-5)).float())  # rounding must not raise it
    row = at.div(logits.shape[1], rounding_mode="floor")
    candidates = weights.view(-1)[at].double()
    weights.view(-1)[at] = 0.0
    aside = blocks(weights, fill=0.0).sum(-1).double().sum(-1)
    return only(logits, at[_wanted(row, keys.reshape(-1)[at], candidates, mass, aside)])


def _wanted(row: Tensor, keys: Tensor, weights: Tensor, mass: Tensor, aside: Tensor) -> Tensor:
    """Which of the candidates [n], which come by row and then by token, are in the set."""
    rows = len(mass)
    first = keys.new_full((rows,), -torch.inf).scatter_reduce_(0, row, keys, "amax")
    # in float32 as well, the bin never falls as the key falls
    bins = ((first[row] - keys) * (BINS / DEPTH)).clamp_(max=BINS - 1).long()
    sums = weights.new_zeros(rows * BINS).scatter_add_(0, row * BINS + bins, weights).view(rows, BINS).cumsum(-1)
    target = (mass * (1 - ROUNDING) * (sums[:, -1] + aside)).clamp(
        min=torch.finfo(sums.dtype).tiny
    )  # of mass 0, one token
    last = (sums < target.unsqueeze(1)).sum(-1)  # the bin where the target is reached
    wanted = bins < last[row]
    part = (bins == last[row]).nonzero().squeeze(1)
    part = part[falling(row[part], keys[part])]
    at = row[part]
    reached = pad(sums, (1, 0))[at, last[at]] + before(weights[part], at, rows)
    wanted[part] = reached < target[at]
    return wanted
