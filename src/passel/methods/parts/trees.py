"""Trees of paths: what a search has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from passel.methods.parts.paths import START, Path

__all__ = ["Node", "Tree", "worth"]


@dataclass(frozen=True, slots=True)
class Node:
    """A path in the tree, the number of the node that it grew from (None: the root), and what it is thought to be worth
    (None: not judged)."""

    path: Path
    parent: int | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """All nodes by number, in the order in which they were made; node 0 is the root.

    Args:
        nodes: a parent stands before its children.
        last: numbers of the nodes that the last expansion made, in the order in which they were wanted.
        drawn: how often each prefix was drawn from; the next draw of it takes this number.
        rounds: expansions so far.
    """

    nodes: tuple[Node, ...] = (Node(START),)
    last: tuple[int, ...] = (0,)
    drawn: Mapping[str, int] = field(default_factory=dict[str, int])
    rounds: int = 0

    def __getitem__(self, number: int) -> Node:
        return self.nodes[number]

    def __len__(self) -> int:
        return len(self.nodes)

    def grown(self, parents: Sequence[int], paths: Sequence[Path], values: Sequence[float | None]) -> Tree:
        """The tree with a round of new nodes; one parent, path and value for each."""
        new = [Node(path, parent, value) for parent, path, value in zip(parents, paths, values, strict=True)]
        drawn = Counter(self.drawn)
        drawn.update(self[parent].path.text for parent in parents)
        numbers = tuple(range(len(self), len(self) + len(new)))
        return Tree((*self.nodes, *new), numbers, dict(drawn), self.rounds + 1)

    def children(self, number: int) -> list[int]:
        """Numbers of a node's children."""
        return [child for child in range(number + 1, len(self)) if self[child].parent == number]

    def lineage(self, number: int) -> list[int]:
        """The numbers from the root's child down to the node, itself included; empty for the root."""
        line: list[int] = []
        at: int | None = number
        while at is not None and at != 0:
            line.append(at)
            at = self[at].parent
        return line[::-1]

    def finished(self) -> list[int]:
        """Numbers of the nodes that are whole solutions."""
        return [number for number, node in enumerate(self.nodes) if node.path.finished]

    def best(self, numbers: Sequence[int], count: int) -> list[int]:
        """The `count` nodes of highest value among these, best first; unjudged ones last, ties to the earlier."""
        return sorted(numbers, key=lambda number: (-worth(self[number].value), number))[:count]


def worth(value: float | None) -> float:
    """A value to compare by: what was not judged is below everything."""
    return float("-inf") if value is None else value
