"""Log-probabilities as the model gave them, for those who ask."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from passel.engine.sampling.leading import leading

__all__ = ["Logprobs", "logprobs"]


@dataclass(frozen=True, slots=True, eq=False)
class Logprobs:
    """Of `some` rows.

    Args:
        rows: which, ascending.
        drawn: log-probability of the token drawn.
        tokens, values: the most likely tokens and their log-probabilities, the most likely first, of equal ones the
            lowest id first; as many as the row that asks for most, so a row reads its own number of them.
    """

    rows: Int64[Tensor, " some"]
    drawn: Float32[Tensor, " some"]
    tokens: Int64[Tensor, "some alternatives"]
    values: Float32[Tensor, "some alternatives"]


def logprobs(
    logits: Float32[Tensor, "rows vocab"], tokens: Int64[Tensor, " rows"], alternatives: Int64[Tensor, " rows"]
) -> Logprobs:
    """Of the tokens drawn and of those most likely, for the rows that ask.

    Args:
        logits: as the model gave them, before any transform: what a method reads of a model must not depend on how it
            samples, and OpenAI and vLLM report it so.
        alternatives: how many to report; negative: nothing of this row.
    """
    rows = (alternatives >= 0).nonzero().squeeze(1)
    asked = logits[rows]
    total = asked.logsumexp(-1, keepdim=True)
    drawn = (asked.gather(1, tokens[rows].unsqueeze(1)) - total).squeeze(1)
    count = min(max(0, int(alternatives.max())), logits.shape[1])
    ids = tokens.new_zeros(len(rows), count)
    values = drawn.new_full((len(rows), count), -torch.inf)
    if count:
        row, token, rank = leading(asked, count)
        ids[row, rank] = token
        values[row, rank] = asked[row, token] - total[row, 0]
    return Logprobs(rows, drawn, ids, values)
