"""The cache: branches over a trie of tokens, their keys and values in pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from passel.engine.cache.pages import PAGE, Ints, Pages
from passel.engine.cache.trie import Node, Trie

__all__ = ["Cache", "Full"]


class Full(Exception):
    """No page is free, and nothing unused is left to forget."""


class Cache:
    """Which slot holds which token of which branch. Keys and values themselves lie with the network.

    A branch is a row: the slots of its tokens in order, the first `base` of them owned by the trie, the rest by the
    branch alone. Rows are arrays, so that one more token in each of many branches is a few array operations.
    """

    def __init__(self, pages: int) -> None:
        self.pages = Pages(pages)
        self.trie = Trie()
        self.slots = np.zeros((8, 256), dtype=np.int32)  # [rows, tokens]
        self.tokens = np.zeros((8, 256), dtype=np.int32)
        self.length = np.zeros(8, dtype=np.int32)
        self._base = np.zeros(8, dtype=np.int32)
        self._next = np.zeros(8, dtype=np.int32)  # the next slot of the row's last page; a multiple of PAGE: none left
        self._nodes: list[Node | None] = [None] * 8
        self._idle = list(range(7, -1, -1))
        self._unnamed = -1

    @property
    def branches(self) -> int:
        """Branches that are open."""
        return len(self._nodes) - len(self._idle)

    @property
    def held_tokens(self) -> int:
        """Tokens whose keys and values are kept: each once, however many branches share it."""
        rows = [row for row, node in enumerate(self._nodes) if node is not None]
        return self.trie.tokens + int((self.length[rows] - self._base[rows]).sum())

    def open(self) -> int:
        """An empty branch."""
        if not self._idle:
            self._more_rows()
        row = self._idle.pop()
        self.length[row] = self._base[row] = self._next[row] = 0
        self._nodes[row] = self.trie.root
        self.trie.lock(self.trie.root)
        return row

    def fork(self, row: int) -> int:
        """A branch with the tokens of another; keys and values are shared."""
        self.commit(row)
        made = self.open()
        self._stand(made, self._node(row))
        size = self.length[made] = self._base[made] = self.length[row]
        self.slots[made, :size] = self.slots[row, :size]
        self.tokens[made, :size] = self.tokens[row, :size]
        return made

    def drop(self, row: int) -> None:
        """Ends a branch. What of it others could share stays in the trie until the room is needed."""
        own = self.tokens[row, self._base[row] : self.length[row]]
        unnamed = np.flatnonzero(own < 0)
        if len(unnamed):
            self.keep(row, int(self._base[row] + unnamed[0]))
        self.commit(row)
        node = self._node(row)
        self.pages.release(self._own(row))
        self.trie.unlock(node)
        self._nodes[row] = None
        self._idle.append(row)

    def adopt(self, row: int, tokens: Sequence[int]) -> int:
        """Goes on along tokens that are in the trie already, as far as they are; how many they were."""
        self.commit(row)
        node, known = self.trie.match(self._node(row), tokens)
        if known:
            size = int(self.length[row])
            self._room(size + known)
            self._stand(row, node)
            self.slots[row, size : size + known] = self.trie.path(node)[size:]
            self.tokens[row, size : size + known] = tokens[:known]
            self.length[row] = self._base[row] = size + known
        return known

    def shares(self, row: int, token: int) -> tuple[int, int]:
        """A mark that is equal for branches that stand at the same place of the trie and go on with the same token."""
        return id(self._node(row)), token

    def append(self, rows: Ints, tokens: Ints) -> Ints:
        """One more token in each of some branches; their slots. Raises Full, and then nothing has changed."""
        following = self._next[rows]
        fresh = following % PAGE == 0
        count = int(fresh.sum())
        if count:
            self.need(count)
            following = following.copy()
            following[fresh] = self.pages.take(count)
        at = self.length[rows]
        self._room(int(at.max()) + 1)
        self.slots[rows, at] = following
        self.tokens[rows, at] = tokens
        self.length[rows] = at + 1
        self._next[rows] = following + 1
        return following

    def extend(self, row: int, tokens: Sequence[int] | None, count: int) -> Ints:
        """More tokens in one branch; their slots. Tokens None: such as have no name, and are never shared. Raises Full,
        and then nothing has changed."""
        start = int(self._next[row])
        left = -start % PAGE
        pages = -(-max(0, count - left) // PAGE)
        self.need(pages)
        firsts = self.pages.take(pages)
        more = (firsts[:, None] + np.arange(PAGE, dtype=np.int32)).ravel()
        slots = np.concatenate((np.arange(start, start + left, dtype=np.int32), more))
        slots, spare = slots[:count], slots[count:]
        at = int(self.length[row])
        self._room(at + count)
        self.slots[row, at : at + count] = slots
        if tokens is None:
            self.tokens[row, at : at + count] = np.arange(self._unnamed, self._unnamed - count, -1)
            self._unnamed -= count
        else:
            self.tokens[row, at : at + count] = tokens
        self.length[row] = at + count
        self._next[row] = spare[0] if len(spare) else 0
        return slots

    def keep(self, row: int, length: int, also: Sequence[int] = ()) -> None:
        """Shortens a branch to its first `length` tokens and, of those after, the ones counted in `also`."""
        base = int(self._base[row])
        if length < base:
            self.commit(row)
            assert not also, "tokens of a tree belong to their branch alone"
            self._stand(row, self.trie.above(self._node(row), int(self.length[row]) - length))
            self.length[row] = self._base[row] = length
            return
        kept = np.asarray([*range(length), *(length + one for one in also)], dtype=np.int64)
        gone = np.ones(int(self.length[row]), dtype=bool)
        gone[kept] = False
        self.pages.release(self.slots[row, : len(gone)][gone])
        self.slots[row, : len(kept)] = self.slots[row, kept]
        self.tokens[row, : len(kept)] = self.tokens[row, kept]
        self.length[row] = len(kept)

    def commit(self, row: int) -> None:
        """Gives the trie what the branch has alone, so that others can share it; what the trie has already is freed."""
        base, size = int(self._base[row]), int(self.length[row])
        if base == size:
            return
        node, known = self.trie.insert(self._node(row), self.tokens[row, base:size], self.slots[row, base:size])
        if len(known):
            doubled = known.copy()
            self.slots[row, base : base + len(known)] = self.trie.path(node)[base : base + len(known)]
            self.pages.release(doubled)
        self._stand(row, node)
        self._base[row] = size

    def need(self, pages: int) -> None:
        """Makes sure that so many pages are free; forgets what no branch uses. Raises Full where that is not enough."""
        if self.pages.free >= pages:
            return
        for slots in self.trie.evict():
            self.pages.release(slots)
            if self.pages.free >= pages:
                return
        raise Full

    def check(self) -> None:
        """Raises AssertionError where slots are lost, owned twice or out of order."""
        self.trie.check()
        held = [self.trie.slots()]
        for row, node in enumerate(self._nodes):
            if node is None:
                continue
            base, size = int(self._base[row]), int(self.length[row])
            path = self.trie.path(node)
            assert path.tolist() == self.slots[row, :base].tolist(), "a branch follows its path"
            held.append(self._own(row))
            assert size >= base
        self.pages.check(np.concatenate(held))

    def _own(self, row: int) -> Ints:
        """Slots of the branch alone, with those of its last page that are not used yet."""
        following = int(self._next[row])
        spare = np.arange(following, following + -following % PAGE, dtype=np.int32)
        return np.concatenate((self.slots[row, self._base[row] : self.length[row]], spare))

    def _node(self, row: int) -> Node:
        node = self._nodes[row]
        assert node is not None, "the branch is open"
        return node

    def _stand(self, row: int, node: Node) -> None:
        self.trie.lock(node)
        self.trie.unlock(self._node(row))
        self._nodes[row] = node

    def _room(self, tokens: int) -> None:
        wide = self.slots.shape[1]
        if tokens > wide:
            more = ((0, 0), (0, max(tokens, 2 * wide) - wide))
            self.slots, self.tokens = np.pad(self.slots, more), np.pad(self.tokens, more)

    def _more_rows(self) -> None:
        rows = len(self._nodes)

        def doubled(array: Any) -> Any:
            return np.concatenate((array, np.zeros_like(array)))

        self.slots, self.tokens, self.length = doubled(self.slots), doubled(self.tokens), doubled(self.length)
        self._base, self._next = doubled(self._base), doubled(self._next)
        self._nodes += [None] * rows
        self._idle += range(2 * rows - 1, rows - 1, -1)
