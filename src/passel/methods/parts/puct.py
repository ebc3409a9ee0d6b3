"""Monte Carlo tree search: the values backed up to each node, and which child to visit next."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from passel.core.key import Key
from passel.methods.parts.search import Select
from passel.methods.parts.trees import Tree

__all__ = ["Rule", "Visits", "backed_up", "monte_carlo", "most_visited", "open_nodes", "puct", "uct", "walk"]

C_BASE = 19652
"""As in AlphaZero: so large that the weight of exploration hardly grows within any search made here."""

Rule = Literal["puct", "uct"]


@dataclass(frozen=True, slots=True)
class Visits:
    """The values backed up through each node: their number and their sum."""

    counts: tuple[int, ...]
    totals: tuple[float, ...]

    def mean(self, number: int) -> float:
        """Q: the mean of the values backed up through a node; minus infinity if there were none."""
        return self.totals[number] / self.counts[number] if self.counts[number] else -math.inf


def backed_up(tree: Tree, again: Sequence[int] = ()) -> Visits:
    """The visits of a tree: each judged node counts as one visit, with its value, of itself and of all its ancestors.

    Args:
        again: numbers of finished nodes that the search returned to, once for each return; each counts once more.
    """
    counts, totals = [0] * len(tree), [0.0] * len(tree)
    for number in [*range(len(tree)), *again]:
        value = tree[number].value
        if value is None:
            continue
        for at in (0, *tree.lineage(number)):
            counts[at] += 1
            totals[at] += value
    return Visits(tuple(counts), tuple(totals))


def open_nodes(tree: Tree) -> set[int]:
    """Numbers of the nodes worth a visit: unfinished nodes that were not expanded, finished nodes, and all nodes on the
    way to them. Failed steps, and nodes with only failed steps below them, are not worth a visit."""
    expanded = {node.parent for node in tree.nodes}
    alive: set[int] = set()
    for number in range(len(tree) - 1, -1, -1):
        if number in alive or (number not in expanded and not tree[number].path.dead):
            alive.add(number)
            parent = tree[number].parent
            if parent is not None:
                alive.add(parent)
    return alive


def puct(visits: Visits, parent: int, child: int, exploration: float = 1.25) -> float:
    """Q + (c_init + log((N + c_base + 1) / c_base)) * sqrt(N) / (1 + n), N and n the visits of parent and child.

    All children have the prior 1: they are samples of one distribution.
    """
    above, own = visits.counts[parent], visits.counts[child]
    weight = exploration + math.log((above + C_BASE + 1) / C_BASE)
    return visits.mean(child) + weight * math.sqrt(above) / (1 + own)


def uct(visits: Visits, parent: int, child: int, exploration: float = 1.25) -> float:
    """Q + c * sqrt(log(N) / n), N and n the visits of parent and child; minus infinity for a child without a visit."""
    above, own = visits.counts[parent], visits.counts[child]
    return visits.mean(child) + exploration * math.sqrt(math.log(above) / own) if own else -math.inf


def walk(tree: Tree, visits: Visits, rule: Rule, exploration: float) -> int | None:
    """The number of the leaf that is reached from the root by always taking the child that the rule values highest.
    Ties go to the earlier child. None if no node is worth a visit."""
    worth = puct if rule == "puct" else uct
    alive = open_nodes(tree)
    below = _below(tree, alive)
    at = 0
    while children := below.get(at):
        at = max(children, key=lambda child, above=at: worth(visits, above, child, exploration))
    return at if at in alive else None


def most_visited(tree: Tree, visits: Visits) -> int | None:
    """The unfinished leaf at the end of the most visited path, ties to the higher mean, then to the earlier; None if
    there is no unfinished leaf."""
    expanded = {node.parent for node in tree.nodes}
    leaves = [number for number, node in enumerate(tree.nodes) if number not in expanded and not node.path.done]
    below = _below(tree, {at for leaf in leaves for at in tree.lineage(leaf)})
    at = 0
    while children := below.get(at):
        at = max(children, key=lambda child: (visits.counts[child], visits.mean(child), -child))
    return at if leaves else None


def _below(tree: Tree, numbers: Collection[int]) -> dict[int | None, list[int]]:
    """The children of each node among some nodes; looked up at once, for trees are walked often."""
    children: dict[int | None, list[int]] = {}
    for number, node in enumerate(tree.nodes):
        if number in numbers:
            children.setdefault(node.parent, []).append(number)
    return children


Returns = tuple[int, ...]
"""The search's state besides its tree: the finished nodes that it returned to, in order."""


def monte_carlo(n: int, simulations: int, rule: Rule, exploration: float) -> Select[Returns]:
    """Walks to a leaf and expands it n times. A walk to a finished leaf backs its value up once more and takes no pass.
    There are `simulations` walks in all. The first state is ()."""

    def select(tree: Tree, again: Returns, key: Key) -> tuple[Sequence[int], Returns]:
        while tree.rounds + len(again) < simulations:
            leaf = walk(tree, backed_up(tree, again), rule, exploration)
            if leaf is None:
                break
            if not tree[leaf].path.done:
                return [leaf] * n, again
            again = (*again, leaf)
        return (), again

    return select
