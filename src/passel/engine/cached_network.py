"""A network of the engine with its own cache. Branches are numbered across all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from passel.engine.cache import Cache
from passel.engine.network import Network

__all__ = ["CachedNetwork", "branch_number", "cache_and_row", "model_and_row"]

_ROW_BITS = 24


@dataclass(frozen=True, slots=True, eq=False)
class CachedNetwork:
    """A network and the cache of its keys and values."""

    network: Network
    cache: Cache


def branch_number(model: int, row: int) -> int:
    """Returns the number of a branch, as decoding methods know it; for the engine's own model it equals the row."""
    return model << _ROW_BITS | row


def model_and_row(branch: int) -> tuple[int, int]:
    """Returns the model of a branch, and its row in that model's cache."""
    return branch >> _ROW_BITS, branch & (1 << _ROW_BITS) - 1


def cache_and_row(models: Sequence[CachedNetwork], branch: int) -> tuple[Cache, int]:
    """Returns the cache of a branch, and its row there."""
    model, row = model_and_row(branch)
    return models[model].cache, row
