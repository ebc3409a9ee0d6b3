"""What is added to the logits of some tokens."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from passel.engine.sampling.entries import Entries

__all__ = ["logit_bias"]


def logit_bias(logits: Float[Tensor, "rows vocab"], bias: Entries) -> Float[Tensor, "rows vocab"]:
    """Adds a number to the logits of some tokens of some rows."""
    return logits.index_put((bias.row, bias.token), logits[bias.row, bias.token] + bias.value)
