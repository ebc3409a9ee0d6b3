"""A* over trees of steps: what a node costs, and which one is next."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from passel.core.key import Key
from passel.methods.parts.paths import Path
from passel.methods.parts.search import Select
from passel.methods.parts.trees import Tree, worth

__all__ = ["best_first", "costs", "frontier"]


def costs(tree: Tree) -> list[float]:
    """f = g + h of each node, by its number. It never falls along a path.

    With r a node's value: h = 1 - r, and a step from s to s' costs max(0, h(s) - h(s')), of which g is the sum. So f
    rises by max(0, r(s) - r(s')) with a step, which is how it is added up here. The root is not judged: its f is 0
    and the first step's 1 - r. A node without a value, and what grows from it, costs infinity.
    """
    found = [0.0]
    for node in tree.nodes[1:]:
        assert node.parent is not None, "only the root has no parent"
        before, value = tree[node.parent].value, node.value
        if value is None:
            found.append(math.inf)
        elif node.parent == 0:
            found.append(1 - value)
        elif before is None:
            found.append(math.inf)
        else:
            found.append(found[node.parent] + max(0, before - value))
    return found


def frontier(tree: Tree) -> list[int]:
    """Numbers of the nodes that were not expanded and are not dead, cheapest first; of equals the one of higher value,
    then the earlier."""
    expanded = {node.parent for node in tree.nodes}
    total = costs(tree)
    alive = [n for n, node in enumerate(tree.nodes) if n not in expanded and not node.path.dead]
    return sorted(alive, key=lambda number: (total[number], -worth(tree[number].value), number))


def best_first(n: int, expansions: int, is_goal: Callable[[Path], bool]) -> Select[int | None]:
    """Expands the cheapest node of the frontier n times, until that is a goal or `expansions` are made. Its state: the
    number of the goal it ended at; None at first, and where it came to none.

    Args:
        is_goal: asked of finished paths. One that is none is passed over.
    """

    def select(tree: Tree, state: int | None, key: Key) -> tuple[Sequence[int], int | None]:
        for number in frontier(tree):
            if not tree[number].path.done:
                return ([number] * n if tree.rounds < expansions else ()), None
            if is_goal(tree[number].path):
                return (), number
        return (), None

    return select
