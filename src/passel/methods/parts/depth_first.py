"""Depth-first search over trees of steps, with pruning."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from passel.core.key import Key
from passel.methods.parts.paths import Path
from passel.methods.parts.search import Select
from passel.methods.parts.trees import Tree, worth

__all__ = ["deepest", "depth_first", "next_in_depth"]


def next_in_depth(tree: Tree, threshold: float, at: int = 0) -> int | None:
    """The node that depth-first search expands next, with children in the order of their values; None if none is left.

    Args:
        threshold: nodes of this value or less are not entered; unjudged nodes are, last.
        at: the root of the subtree that is searched.
    """
    children = tree.children(at)
    if not children:
        return at
    for child in tree.best(children, len(children)):
        value = tree[child].value
        if tree[child].path.done or (value is not None and value <= threshold):
            continue
        number = next_in_depth(tree, threshold, child)
        if number is not None:
            return number
    return None


def depth_first(
    n: int, expansions: int, solutions: int, threshold: float, is_answer: Callable[[Path], bool]
) -> Select[None]:
    """Expands nodes in depth-first order, n times each, until there are enough solutions or expansions.

    Args:
        solutions: number of finished paths that ends the search; paths of value `threshold` or less do not count.
        is_answer: whether a finished path is a solution.
    """

    def counts(tree: Tree, number: int) -> bool:
        value = tree[number].value
        return (value is None or value > threshold) and is_answer(tree[number].path)

    def select(tree: Tree, state: None, key: Key) -> tuple[Sequence[int], None]:
        enough = sum(counts(tree, number) for number in tree.finished()) >= solutions
        if enough or tree.rounds >= expansions:
            return (), None
        number = next_in_depth(tree, threshold)
        return ([] if number is None else [number] * n), None

    return select


def deepest(tree: Tree) -> int | None:
    """The unfinished node with most steps, ties to the higher value, then to the earlier; None if there is none."""
    growing = [number for number, node in enumerate(tree.nodes) if not node.path.done]
    return max(growing, key=lambda n: (tree[n].path.steps, worth(tree[n].value), -n), default=None)
