"""The loss that a language model is trained by."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from passel.training.parts.batches import Batch

__all__ = ["cross_entropy", "learned"]


def learned(batch: Batch) -> tuple[Tensor, Tensor]:
    """Places of the tokens that precede one to be learned, bool [rows, tokens - 1], and the tokens to be learned there,
    int64 [learned]."""
    places = batch.learned[:, 1:]
    return places, batch.tokens[:, 1:][places]


def cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    """Mean negative log-probability, in nats, of the tokens to be learned, from logits [rows, tokens, vocabulary]."""
    places, tokens = learned(batch)
    if not len(tokens):
        return torch.zeros((), device=logits.device)
    return functional.cross_entropy(logits[:, :-1][places].float(), tokens)
