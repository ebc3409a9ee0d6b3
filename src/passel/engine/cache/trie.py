"""Which tokens are in the cache, as a trie: texts that begin alike share their beginning."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import numpy as np

from passel.engine.cache.pages import Ints

__all__ = ["Node", "Trie"]


class Node:
    """A stretch of tokens without a fork, and the slots of their keys and values. Compared by identity."""

    __slots__ = ("children", "parent", "refs", "slots", "tokens", "used")

    def __init__(self, tokens: Ints, slots: Ints, parent: Node | None) -> None:
        self.tokens = tokens
        self.slots = slots
        self.parent = parent
        self.children: dict[int, Node] = {}
        self.refs = 0
        """Branches that end here. A node with children stays for their sake."""
        self.used = 0


class Trie:
    """Radix tree over token ids. What no branch uses stays until its slots are needed, the longest unused first."""

    def __init__(self) -> None:
        empty = np.empty(0, dtype=np.int32)
        self.root = Node(empty, empty, None)
        self.root.refs = 1
        self._clock = 0
        self.tokens = 0
        """Tokens kept."""

    def lock(self, node: Node) -> None:
        """Another branch ends here."""
        self._clock += 1
        node.refs += 1
        node.used = self._clock

    def unlock(self, node: Node) -> None:
        """A branch ends here no longer."""
        self._clock += 1
        node.refs -= 1
        node.used = self._clock

    def match(self, node: Node, tokens: Sequence[int] | Ints) -> tuple[Node, int]:
        """The node that `tokens` lead to from `node`, as far as they are kept, and how many of them are."""
        ids = np.asarray(tokens, dtype=np.int32)
        at = 0
        while at < len(ids) and (child := node.children.get(int(ids[at]))) is not None:
            same = _common(child.tokens, ids[at:])
            at += same
            if same < len(child.tokens):
                return self._split(child, same), at
            node = child
        return node, at

    def insert(self, node: Node, tokens: Ints, slots: Ints) -> tuple[Node, Ints]:
        """Keeps tokens after `node`. Returns the node they lead to, and the slots of those that were kept already."""
        node, known = self.match(node, tokens)
        if known < len(tokens):
            child = Node(tokens[known:].copy(), slots[known:].copy(), node)
            node.children[int(tokens[known])] = child
            self.tokens += len(child.tokens)
            self._clock += 1
            child.used = self._clock
            node = child
        return node, slots[:known]

    def path(self, node: Node) -> Ints:
        """Slots from the root to the end of a node."""
        parts: list[Ints] = []
        at: Node | None = node
        while at is not None:
            parts.append(at.slots)
            at = at.parent
        return np.concatenate(parts[::-1])

    def above(self, node: Node, back: int) -> Node:
        """The node that ends `back` tokens before the end of this one."""
        while back >= len(node.tokens) and node.parent is not None:
            back -= len(node.tokens)
            node = node.parent
        return node if back == 0 else self._split(node, len(node.tokens) - back)

    def evict(self) -> Iterator[Ints]:
        """Forgets unused leaves, the longest unused first, and gives the slots of each, while the caller goes on."""
        leaves = [(node.used, id(node), node) for node in self._nodes() if self._idle(node)]
        heapq.heapify(leaves)
        while leaves:
            _, _, node = heapq.heappop(leaves)
            parent = node.parent
            assert parent is not None
            del parent.children[int(node.tokens[0])]
            self.tokens -= len(node.tokens)
            yield node.slots
            if self._idle(parent):
                heapq.heappush(leaves, (parent.used, id(parent), parent))

    def slots(self) -> Ints:
        """Slots of all nodes."""
        return np.concatenate([self.root.slots, *(node.slots for node in self._nodes())])

    def check(self) -> None:
        """Raises AssertionError where the tree is not sound."""
        for node in self._nodes():
            assert node.parent is not None
            assert node.parent.children[int(node.tokens[0])] is node, "a child is filed under its first token"
            assert len(node.tokens) == len(node.slots) > 0, "a token has a slot"
            assert node.refs >= 0, "a branch has left twice"
        assert self.tokens == sum(len(node.tokens) for node in self._nodes())

    def _idle(self, node: Node) -> bool:
        return not node.refs and not node.children

    def _nodes(self) -> Iterator[Node]:
        stack = list(self.root.children.values())
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.children.values())

    def _split(self, node: Node, at: int) -> Node:
        """Cuts a node in two; the upper part is returned, the lower one stays the node that branches hold."""
        if at == len(node.tokens):
            return node
        parent = node.parent
        assert parent is not None
        upper = Node(node.tokens[:at], node.slots[:at], parent)
        upper.used = node.used
        parent.children[int(node.tokens[0])] = upper
        node.tokens, node.slots, node.parent = node.tokens[at:], node.slots[at:], upper
        upper.children[int(node.tokens[0])] = node
        return upper


def _common(a: Ints, b: Ints) -> int:
    size = min(len(a), len(b))
    differ = np.flatnonzero(a[:size] != b[:size])
    return int(differ[0]) if len(differ) else size
