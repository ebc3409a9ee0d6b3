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
    """The places of the highest values [n] and these, the highest first."""
    found = values.topk(min(count, len(values)))
    return list(zip(ids(found.indices), numbers(found.values), strict=True))
