"""Trees of paths: all that a search has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from passel.core.judgement import Judgement
from passel.methods.parts.paths import START, Path

__all__ = ["Node", "Tree", "node_info", "tree_info", "worth"]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a tree.

    Args:
        path: the solution as far as it goes here.
        parent: number of the node that it grew from; None: it is the root.
        value: its score; None: it was not judged.
        reason: why it has that score, in the verifier's words, or "".
    """

    path: Path
    parent: int | None = None
    value: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """All nodes by number, in the order in which they were made; node 0 is the root.

    Args:
        nodes: a parent comes before its children.
        last: numbers of the nodes that the last expansion made, in the order in which they were wanted.
        sampled: how many samples each prefix has had; the next sample of it takes this number.
        rounds: expansions so far.
    """

    nodes: tuple[Node, ...] = (Node(START),)
    last: tuple[int, ...] = (0,)
    sampled: Mapping[str, int] = field(default_factory=dict[str, int])
    rounds: int = 0

    def __getitem__(self, number: int) -> Node:
        return self.nodes[number]

    def __len__(self) -> int:
        return len(self.nodes)

    def grown(
        self, parents: Sequence[int], paths: Sequence[Path], judgements: Sequence[Judgement | float | None]
    ) -> Tree:
        """The tree with a round of new nodes, each with its parent, its path and its judgement."""
        known = map(Judgement.of, judgements)
        new = [
            Node(path, parent, judgement.value, judgement.explanation)
            for parent, path, judgement in zip(parents, paths, known, strict=True)
        ]
        sampled = Counter(self.sampled)
        sampled.update(self[parent].path.text for parent in parents)
        numbers = tuple(range(len(self), len(self) + len(new)))
        return Tree((*self.nodes, *new), numbers, dict(sampled), self.rounds + 1)

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
        """The `count` nodes of highest value among these, best first; unjudged nodes last, ties to the earlier."""
        return sorted(numbers, key=lambda number: (-worth(self[number].value), number))[:count]


def worth(value: float | None) -> float:
    """A value to compare by: a node that was not judged is below every other."""
    return float("-inf") if value is None else value


def tree_info(tree: Tree, **columns: Sequence[float | None]) -> list[dict[str, Any]]:
    """A search's tree as JSON values, for a result's info: a row for each node, in the order of their numbers.

    The texts of the rows from the root down to a node, joined, are the node's path, up to line breaks at its end. So
    each step's text is held once.

    Args:
        columns: further values, one for each node, such as its visits; infinite values become None.

    >>> tree = Tree().grown([0], [Path("2+2\\n", 1)], [0.5]).grown([1], [Path("2+2\\n=4", 2, done=True)], [1.0])
    >>> for row in tree_info(tree, visits=[2, 2, 1]):
    ...     print(row)
    {'index': 0, 'parent': None, 'text': '', 'score': None, 'finished': False, 'visits': 2}
    {'index': 1, 'parent': 0, 'text': '2+2\\n', 'score': 0.5, 'finished': False, 'visits': 2}
    {'index': 2, 'parent': 1, 'text': '=4', 'score': 1.0, 'finished': True, 'visits': 1}
    """
    rows: list[dict[str, Any]] = []
    for index, node in enumerate(tree.nodes):
        before = "" if node.parent is None else tree[node.parent].path.text
        more = {name: _finite(values[index]) for name, values in columns.items()}
        step = node.path.text[len(before) :]  # a step without a text only takes line breaks off the end
        rows.append(node_info(index, node.parent, step, node.value, finished=node.path.finished, **more))
    return rows


def node_info(
    index: int, parent: int | None, text: str, score: float | None, *, finished: bool, **more: Any
) -> dict[str, Any]:
    """A node of any tree as JSON values.

    Args:
        text: what this node adds to its parent. score: a verifier's; None: it was not judged.
        finished: whether it is a whole solution.
    """
    return {
        "index": index,
        "parent": parent,
        "text": text,
        "score": _finite(score),
        "finished": finished,
        **more,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None
