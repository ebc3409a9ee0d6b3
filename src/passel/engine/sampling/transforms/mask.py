"""Which tokens may be drawn at all."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["mask"]


def mask(logits: Float[Tensor, "rows vocab"], allowed: Bool[Tensor, "rows vocab"]) -> Float[Tensor, "rows vocab"]:
    """Excludes all tokens but those allowed; for a few of many rows, join it by `on`."""
    return torch.where(allowed, logits, -torch.inf)
