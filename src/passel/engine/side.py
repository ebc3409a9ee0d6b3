"""A model of the engine with its own cache. Branches are numbered across them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from passel.engine.cache import Cache
from passel.engine.network import Network

__all__ = ["Side", "cache_of", "number", "place"]

_ROWS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A network and what it has in the cache."""

    network: Network
    cache: Cache


def number(model: int, row: int) -> int:
    """A branch's number, as decoding methods know it; of the engine's own model it is the row itself."""
    return model << _ROWS | row


def place(branch: int) -> tuple[int, int]:
    """The model and the row of a branch."""
    return branch >> _ROWS, branch & (1 << _ROWS) - 1


def cache_of(sides: Sequence[Side], branch: int) -> tuple[Cache, int]:
    """The cache and the row of a branch."""
    model, row = place(branch)
    return sides[model].cache, row
