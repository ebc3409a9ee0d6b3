"""Slots for keys and values, handed out in pages and taken back."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["PAGE", "Ints", "Pages"]

PAGE = 16
"""Slots of a page: neighbours in a text lie side by side in memory."""

Ints: TypeAlias = NDArray[np.int32]


class Pages:
    """Which pages are free. A page returns when all its slots have."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = np.arange(count - 1, -1, -1, dtype=np.int32)  # a stack; its top is at `_left`
        self._left = count
        self._live = np.zeros(count, dtype=np.int32)

    @property
    def free(self) -> int:
        """Pages that are free."""
        return self._left

    def take(self, count: int) -> Ints:
        """The first slots of so many pages. The caller has made sure that they are there."""
        assert count <= self._left, "pages are taken only where there are some"
        self._left -= count
        pages = self._free[self._left : self._left + count].copy()
        self._live[pages] = PAGE
        return pages * np.int32(PAGE)

    def release(self, slots: Ints) -> None:
        """Takes slots back."""
        pages = slots // PAGE
        np.subtract.at(self._live, pages, 1)
        empty = np.unique(pages[self._live[pages] == 0])
        self._free[self._left : self._left + len(empty)] = empty
        self._left += len(empty)

    def check(self, held: Ints) -> None:
        """Raises AssertionError unless exactly the slots `held` are taken, each once."""
        assert len(np.unique(held)) == len(held), "a slot has two owners"
        live = np.bincount(held // PAGE, minlength=self.count)
        assert (live == self._live).all(), "a slot has no owner, or an owner that gave it back"
        free = self._free[: self._left]
        assert len(np.unique(free)) == len(free), "a page is free twice"
        assert (self._live[free] == 0).all(), "a free page is in use"
        assert self._left + int((self._live > 0).sum()) == self.count, "a page is lost"
