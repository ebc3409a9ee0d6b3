"""Tensors as plain numbers."""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor

__all__ = ["ids", "numbers", "top"]


def ids(values: Tensor) -> list[int]:
    """Of whole numbers, [n]."""
    return cast(Any, values).tolist()


def numbers(values: Tensor) -> list[float]:
    """Of any numbers, [n]."""
    return cast(Any, values).tolist()


def top(values: Tensor, count: int) -> list[tuple[int, float]]:
    """The places of the highest values [n] and these, the highest first; of equal values the first (`topk`: any)."""
    least = values.topk(min(count, len(values))).values[-1]
    places = (values >= least).nonzero().squeeze(1)
    places = places[values[places].argsort(descending=True, stable=True)[:count]]
    return list(zip(ids(places), numbers(values[places]), strict=True))
