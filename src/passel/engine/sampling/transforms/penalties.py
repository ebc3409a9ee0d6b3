"""Penalties on tokens that came before."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from passel.engine.sampling.entries import Entries

__all__ = ["frequency_penalty", "presence_penalty", "repetition_penalty"]


def repetition_penalty(
    logits: Float[Tensor, "rows vocab"], penalty: Float[Tensor, " rows"], seen: Entries
) -> Float[Tensor, "rows vocab"]:
    """Divides positive logits of tokens seen, in the prompt or the answer, and multiplies negative ones.

    Source: Keskar et al. 2019, arXiv 1909.05858, section 4.1, with the product for negative logits that it lacks.

    Args:
        penalty: more than 0; 1 is none.
        seen: how often each token came in the answer; tokens of the prompt alone with 0.
    """
    before = logits[seen.row, seen.token]
    by = penalty.to(logits.dtype)[seen.row]
    return logits.index_put((seen.row, seen.token), torch.where(before > 0, before / by, before * by))


def presence_penalty(
    logits: Float[Tensor, "rows vocab"], penalty: Float[Tensor, " rows"], seen: Entries
) -> Float[Tensor, "rows vocab"]:
    """Subtracts the penalty from tokens of the answer, as the OpenAI API defines it. `seen`: see repetition_penalty."""
    return _subtract(logits, penalty, seen, (seen.value > 0).to(logits.dtype))


def frequency_penalty(
    logits: Float[Tensor, "rows vocab"], penalty: Float[Tensor, " rows"], seen: Entries
) -> Float[Tensor, "rows vocab"]:
    """Subtracts the penalty from tokens of the answer for each time that they came, as the OpenAI API defines it.
    `seen`: see repetition_penalty."""
    return _subtract(logits, penalty, seen, seen.value)


def _subtract(logits: Tensor, penalty: Tensor, seen: Entries, times: Tensor) -> Tensor:
    by = penalty.to(logits.dtype)[seen.row] * times
    return logits.index_put((seen.row, seen.token), logits[seen.row, seen.token] - by)
