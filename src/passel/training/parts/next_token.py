"""The next-token loss of a language model."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from passel.training.parts.batches import Batch

__all__ = ["cross_entropy", "learned"]


def learned(batch: Batch) -> tuple[Tensor, Tensor]:
    """The places before learned tokens, bool [rows, tokens - 1], and the learned tokens, int64 [learned]."""
    places = batch.learned[:, 1:]
    return places, batch.tokens[:, 1:][places]


def cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    """Mean negative log-probability, in nats, of the learned tokens, from logits [rows, tokens, vocabulary]."""
    places, tokens = learned(batch)
    if not len(tokens):
        return torch.zeros((), device=logits.device)
    return functional.cross_entropy(logits[:, :-1][places].float(), tokens)
