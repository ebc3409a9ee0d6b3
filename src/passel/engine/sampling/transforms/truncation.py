"""Transforms that leave out the less likely tokens. Each acts on the rows whose parameter asks for it."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float, Float32, Float64, Int64
from torch import Tensor

from passel.engine.sampling.candidates import at_least, only
from passel.engine.sampling.chain import on
from passel.engine.sampling.leading import leading
from passel.engine.sampling.smallest_set import keep_smallest_set

__all__ = ["min_p", "top_k", "top_p", "typical"]

GRID = 2.0**16
"""Steps a nat in which distances from the entropy are told apart: tokens as far below it as others above it are equal
up to float32's rounding, and so on every processor."""


def min_p(logits: Float32[Tensor, "rows vocab"], share: Float[Tensor, " rows"]) -> Float32[Tensor, "rows vocab"]:
    """Keeps tokens with at least this share of the top token's probability; 0 keeps all.

    Source: Nguyen et al. 2024, arXiv 2407.01082.
    """
    rows = (share > 0).nonzero().squeeze(1)
    return on(rows, partial(_min_p, share=share[rows]))(logits)


def top_k(logits: Float32[Tensor, "rows vocab"], k: Int64[Tensor, " rows"]) -> Float32[Tensor, "rows vocab"]:
    """Keeps the k most likely tokens, of equal ones those with the lowest ids; 0 keeps all.

    Source: Fan et al. 2018, arXiv 1805.04833.
    """
    rows = ((k > 0) & (k < logits.shape[1])).nonzero().squeeze(1)
    return on(rows, partial(_top_k, k=k[rows]))(logits)


def top_p(logits: Float32[Tensor, "rows vocab"], mass: Float64[Tensor, " rows"]) -> Float32[Tensor, "rows vocab"]:
    """Keeps the smallest set of most likely tokens with at least this probability mass; 1 keeps all.

    Source: Holtzman et al. 2019, arXiv 1904.09751, equation 2. See `keep_smallest_set`.
    """
    rows = (mass < 1).nonzero().squeeze(1)
    return on(rows, partial(_top_p, mass=mass[rows]))(logits)


def typical(logits: Float32[Tensor, "rows vocab"], mass: Float64[Tensor, " rows"]) -> Float32[Tensor, "rows vocab"]:
    """Keeps the smallest set of most typical tokens with at least this probability mass; 1 keeps all. The nearer a
    token's information -log p is to the entropy of the row, the more typical it is.

    Source: Meister et al. 2022, arXiv 2202.00666, equation 7. See `keep_smallest_set`.
    """
    rows = (mass < 1).nonzero().squeeze(1)
    return on(rows, partial(_typical, mass=mass[rows]))(logits)


def _min_p(logits: Tensor, *, share: Tensor) -> Tensor:
    return only(logits, at_least(logits, logits.amax(-1) + share.log().float()))


def _top_k(logits: Tensor, *, k: Tensor) -> Tensor:
    row, token, rank = leading(logits, int(k.max()))
    kept = rank < k[row]
    return only(logits, (row * logits.shape[1] + token)[kept])


def _top_p(logits: Tensor, *, mass: Tensor) -> Tensor:
    # all tokens with less than this probability together have less than 1 - mass
    floor = (1 - mass) / logits.shape[1]
    return keep_smallest_set(logits, logits, logits.softmax(-1), mass, floor)


def _typical(logits: Tensor, *, mass: Tensor) -> Tensor:
    logs = logits.log_softmax(-1)
    weights = logs.exp()
    # an excluded token has weight 0 and log -inf; their product counts as 0
    entropy = -(weights * logs.clamp(min=torch.finfo(logs.dtype).min)).sum(-1)
    # As for top-p; and down to exp(-2 entropy), whose information is as far from the entropy as that of a sure token:
    # so what is left aside is less typical than all that is not.
    floor = torch.minimum((1 - mass) / logits.shape[1], (-2 * entropy.double()).exp())
    return keep_smallest_set(logits, _negative_distance(logs, entropy), weights, mass, floor)


def _negative_distance(logs: Tensor, entropy: Tensor) -> Tensor:
    return (logs + entropy.unsqueeze(1)).abs_().mul_(-GRID).round_().div_(GRID)
