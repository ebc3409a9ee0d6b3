"""Rows of a vocabulary's length, cut into blocks: a search looks at one number a block, then at one block."""

from __future__ import annotations

from typing import cast

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

__all__ = ["blocks", "which"]

WIDTH = 256
"""About the square root of a vocabulary's size, so that both steps of a search are short."""


def blocks(values: Float[Tensor, "rows vocab"], *, fill: float) -> Float[Tensor, "rows blocks width"]:
    """A view where the vocabulary is a multiple of the width; else a copy, padded with `fill`."""
    rows, vocab = values.shape
    missing = -vocab % WIDTH
    whole = pad(values, (0, missing), value=fill) if missing else values
    return whole.reshape(rows, (vocab + missing) // WIDTH, WIDTH)


def which(rows: Bool[Tensor, " rows"]) -> list[int]:
    """The numbers of the rows for which this is true, for an error's text."""
    return cast(list[int], rows.nonzero().squeeze(1).tolist())
