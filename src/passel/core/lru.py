"""A mapping of bounded size, for state that a long-lived process would otherwise pile up."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["LRU"]

K = TypeVar("K")
V = TypeVar("V")


class LRU(Generic[K, V]):
    """A mapping that forgets its least recently used entry when it is full. Reading and writing are uses.

    Args:
        max_size: number of entries; None: no limit.

    >>> prompts = LRU[str, int](2)
    >>> prompts["a"], prompts["b"] = 1, 2
    >>> prompts.get("a")
    1
    >>> prompts["c"] = 3
    >>> prompts.get("b") is None, len(prompts)
    (True, 2)
    """

    __slots__ = ("_entries", "max_size")

    def __init__(self, max_size: int | None) -> None:
        assert max_size is None or max_size > 0, "a mapping without room holds nothing"
        self.max_size = max_size
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Returns the value of a key, or None."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if self.max_size is not None and len(self._entries) > self.max_size:
            self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)
