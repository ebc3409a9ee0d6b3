"""A* over trees of steps: what a node costs, and which one is next."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from passel.core.key import Key
from passel.methods.parts.paths import Path
from passel.methods.parts.search import Select
from passel.methods.parts.trees import Tree, worth

__all__ = ["StepCost", "best_first", "costs", "frontier"]

StepCost = Literal["rise", "fall", "none"]
"""What a step pays for: a rise of the value, a fall of it, or nothing."""


def costs(tree: Tree, cost: StepCost = "rise") -> list[float]:
    """The cost f = g + h of each node, by its number.

    With r a node's value: h = 1 - r; g is the sum of the costs of the steps after the first. A step from s to s' costs

    rise: max(0, r(s') - r(s)), the least cost that makes h consistent. f then rises by max(0, r(s) - r(s')) with the
        step. It is added up in this form here, so that f never falls along a path, to the last bit.
    fall: max(0, r(s) - r(s')). f falls where r rises, and rises by twice a fall of r.
    none: 0. Then f is h, and the search is greedy.

    The root is not judged: its f is 0, and that of a first step is 1 - r. A node without a value, and every node below
    it, costs infinity.
    """
    totals = [0.0]
    for node in tree.nodes[1:]:
        assert node.parent is not None, "only the root has no parent"
        total, before, value = totals[node.parent], tree[node.parent].value, node.value
        if value is None or (node.parent and (before is None or math.isinf(total))):
            totals.append(math.inf)
        elif before is None or cost == "none":
            totals.append(1 - value)
        elif cost == "rise":
            totals.append(total + max(0, before - value))
        else:
            totals.append(total + 2 * max(0, before - value) - max(0, value - before))
    return totals


def frontier(tree: Tree, cost: StepCost = "rise") -> list[int]:
    """Numbers of the nodes that were not expanded and are not dead, cheapest first. Ties go to the higher value, then
    to more steps, then to the earlier node."""
    expanded = {node.parent for node in tree.nodes}
    total = costs(tree, cost)
    alive = [n for n, node in enumerate(tree.nodes) if n not in expanded and not node.path.dead]
    return sorted(alive, key=lambda n: (total[n], -worth(tree[n].value), -tree[n].path.steps, n))


def best_first(n: int, expansions: int, is_goal: Callable[[Path], bool], cost: StepCost = "rise") -> Select[int | None]:
    """Expands the cheapest node of the frontier n times, until that node is a goal or `expansions` are made. Its state:
    the number of the goal that ended the search; None at first, and if there was no goal.

    Args:
        is_goal: whether a finished path is a goal; if not, it is passed over.
        cost: cost of a step, see `costs`.
    """

    def select(tree: Tree, state: int | None, key: Key) -> tuple[Sequence[int], int | None]:
        for number in frontier(tree, cost):
            if not tree[number].path.done:
                return ([number] * n if tree.rounds < expansions else ()), None
            if is_goal(tree[number].path):
                return (), number
        return (), None

    return select
