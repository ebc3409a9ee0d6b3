"""Rules that go down a tree level by level: one beam, or several subtrees that do not compete."""

from __future__ import annotations

from collections.abc import Sequence

from passel.core.key import Key
from passel.methods.parts.search import Select
from passel.methods.parts.trees import Tree

__all__ = ["beam_of", "subtrees_of"]

Nodes = tuple[int, ...]


def beam_of(n: int, beam: int, width: int) -> Select[Nodes]:
    """Expands the root n times, then the `beam` best nodes `width` times each. Its state: the numbers of the finished
    solutions in the beam, which compete with the unfinished; the first state is ().

    Failed and truncated paths are never kept.
    """

    def select(tree: Tree, finished: Nodes, key: Key) -> tuple[Sequence[int], Nodes]:
        if tree.rounds == 0:
            return [0] * n, ()
        alive = [number for number in tree.last if not tree[number].path.dead]
        best = tree.best([*finished, *alive], beam)
        growing = [number for number in best if not tree[number].path.done]
        chosen = [number for number in growing for _ in range(width)]
        return chosen, tuple(number for number in best if tree[number].path.done)

    return select


def subtrees_of(count: int, width: int) -> Select[None]:
    """Expands the root `width` times for each of `count` subtrees; then, in each subtree, the best of its `width`
    newest nodes, `width` times, until that node is finished or all of them are dead.

    Subtrees that have come to the same text continue with different samples.
    """

    def select(tree: Tree, state: None, key: Key) -> tuple[Sequence[int], None]:
        if tree.rounds == 0:
            return [0] * (count * width), None
        newest = [tree.last[start : start + width] for start in range(0, len(tree.last), width)]
        leaders = [leader for nodes in newest for leader in _alive_best(tree, nodes)]
        growing = [leader for leader in leaders if not tree[leader].path.done]
        return [leader for leader in growing for _ in range(width)], None

    return select


def _alive_best(tree: Tree, numbers: Sequence[int]) -> list[int]:
    return tree.best([number for number in numbers if not tree[number].path.dead], 1)
