"""Temperature, and greedy choice as its limit."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from passel.engine.sampling.argmax import argmax

__all__ = ["GREEDY", "temperature"]

GREEDY = 1e-5
"""Temperatures below this are 0: dividing by them would overflow float32, and draw the most likely token anyway."""


def temperature(
    logits: Float[Tensor, "rows vocab"], temperature: Float[Tensor, " rows"]
) -> Float[Tensor, "rows vocab"]:
    """Divides the logits by the temperature. At 0 the most likely token alone remains; the lowest id, of several."""
    greedy = temperature < GREEDY
    divided = logits / temperature.masked_fill(greedy, 1.0).to(logits.dtype).unsqueeze(1)
    rows = greedy.nonzero().squeeze(1)
    if len(rows):
        best = argmax(logits[rows])
        divided.index_fill_(0, rows, -torch.inf)
        divided[rows, best] = 0.0
    return divided
