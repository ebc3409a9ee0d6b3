"""A token for each row, by the inverse of its cumulative distribution."""

from __future__ import annotations

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from passel.engine.sampling.blocks import blocks, which

__all__ = ["draw"]


def draw(logits: Float[Tensor, "rows vocab"], u: Float64[Tensor, " rows"]) -> Int64[Tensor, " rows"]:
    """The first token, by id, at which the cumulative softmax of the logits passes u.

    There are two levels of sums: of blocks, then within one block. So no cumulative sum over the whole vocabulary is
    made, and none loses small probabilities: blocks are summed in float32, which errs as much as the softmax itself
    does, and all else is float64. A token of probability 0 is never drawn, at u = 0 and u = 1 neither.

    Raises ValueError where all tokens of a row are excluded, or a logit is NaN.
    """
    parts = blocks(logits.softmax(-1), fill=0.0)
    sums = parts.sum(-1).double()
    ends = sums.cumsum(-1)
    total = ends[:, -1]
    if not bool((total > 0).all()):
        raise ValueError(f"no token to draw, for logits are NaN or all excluded, in rows {which(~(total > 0))}")
    block = _first(ends, u * total)
    within = (u * total).unsqueeze(1) - ends.gather(1, block) + sums.gather(1, block)
    inside = parts[torch.arange(len(parts), device=parts.device), block.squeeze(1)].double().cumsum(-1)
    # the block's float32 sum is spread over it as its weights are
    place = _first(inside, (within / sums.gather(1, block)).clamp(min=0.0).squeeze(1) * inside[:, -1])
    return (block * parts.shape[-1] + place).squeeze(1)


def _first(ends: Tensor, target: Tensor) -> Tensor:
    """The first place [rows, 1] at which `ends` [rows, n], which never fall, are above the target, hence where they
    rise; where rounding has put the target at the end or after it, the last place at which they rise."""
    passed = torch.searchsorted(ends, target.unsqueeze(1), right=True)
    return passed.minimum(torch.searchsorted(ends, ends[:, -1:].contiguous()))
