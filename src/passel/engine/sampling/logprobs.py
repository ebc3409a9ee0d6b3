"""Log-probabilities as the model gave them, for the rows that request them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from passel.engine.sampling.leading import leading

__all__ = ["Logprobs", "logprobs"]


@dataclass(frozen=True, slots=True, eq=False)
class Logprobs:
    """The log-probabilities of some rows.

    Args:
        rows: their numbers, ascending.
        sampled: log-probability of the sampled token.
        tokens, values: the most likely tokens and their log-probabilities, the most likely first, of equally likely
            tokens the lowest id first; as many as the row that requests most, so a row reads its own number of them.
    """

    rows: Int64[Tensor, " some"]
    sampled: Float32[Tensor, " some"]
    tokens: Int64[Tensor, "some alternatives"]
    values: Float32[Tensor, "some alternatives"]


def logprobs(
    logits: Float32[Tensor, "rows vocab"], tokens: Int64[Tensor, " rows"], alternatives: Int64[Tensor, " rows"]
) -> Logprobs:
    """Returns those of the sampled and of the most likely tokens, for the rows that request them.

    Args:
        logits: as the model gave them, before any transform: what a method reads of a model must not depend on how it
            samples, and OpenAI and vLLM report it so.
        alternatives: how many to report; negative: none for this row.
    """
    rows = (alternatives >= 0).nonzero().squeeze(1)
    requesting = logits[rows]
    total = requesting.logsumexp(-1, keepdim=True)
    sampled = (requesting.gather(1, tokens[rows].unsqueeze(1)) - total).squeeze(1)
    count = min(max(0, int(alternatives.max())), logits.shape[1])
    ids = tokens.new_zeros(len(rows), count)
    values = sampled.new_full((len(rows), count), -torch.inf)
    if count:
        row, token, rank = leading(requesting, count)
        ids[row, rank] = token
        values[row, rank] = requesting[row, token] - total[row, 0]
    return Logprobs(rows, sampled, ids, values)
