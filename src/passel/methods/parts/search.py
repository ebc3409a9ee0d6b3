"""One search over trees of steps. What to expand, how, and what a node is worth are rules that are passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, Protocol, TypeVar

from passel.core.ask import Sampling
from passel.core.cost import Budget
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, Left, together
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.result import Candidate, Result
from passel.methods.parts.paths import Path, StepUnit, as_candidate, next_steps
from passel.methods.parts.trees import Tree, worth
from passel.methods.parts.votes import first_of, tally
from passel.verifiers import Ranker, Verifier, scores_of

__all__ = ["Choice", "Evaluate", "Expand", "Searched", "Select"]
__all__ += ["by_steps", "by_verifier", "chosen_of", "completed", "outcome", "tree_search"]

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)

Choice = Literal["best", "vote", "weighted"]
"""How the answer is taken from the finished paths: of the best one, by majority, by votes weighted with the values."""


class Select(Protocol[S]):
    """Which nodes to expand next: their numbers, one for each child that is wanted, and the rule's new state. None ends
    the search."""

    def __call__(self, tree: Tree, state: S, key: Key, /) -> tuple[Sequence[int], S]: ...


class Expand(Protocol):
    """New paths from one: as many of n as the budget allows, OutOfBudget if not one. `first` is the number of the
    first draw from its prefix."""

    def __call__(self, problem: Problem, path: Path, n: int, first: int, key: Key, /) -> Flow[list[Path]]: ...


class Evaluate(Protocol):
    """What paths are worth, by the numbers that their nodes will have, and whether the budget allowed it for all."""

    def __call__(
        self, problem: Problem, paths: Mapping[int, Path], key: Key, /
    ) -> Flow[tuple[Mapping[int, float | None], bool]]: ...


@dataclass(frozen=True, slots=True)
class Searched(Generic[S_co]):
    """What a search came to: the tree, its rule's last state, and whether it ended by its rule, not by the budget."""

    tree: Tree
    state: S_co
    whole: bool


def tree_search(
    problem: Problem, *, key: Key, select: Select[S], state: S, expand: Expand, evaluate: Evaluate
) -> Flow[Searched[S]]:
    """Selects nodes, expands them, judges the new ones, and again, until the rule selects none.

    All nodes of one round are expanded at once, and judged at once. OutOfBudget leaves it only if not one step was
    drawn. Where the budget ends it before a path is finished, the best one is drawn to its end, if that fits.

    Args:
        select: sees the tree and its own state, and a key of this round.
        state: the rule's first state.
        expand: draws a node's children.
        evaluate: judges new paths, whole ones too.
    """
    tree = Tree()
    while True:
        chosen, state = select(tree, state, key / "select" / tree.rounds)
        if not chosen:
            return Searched(tree, state, True)
        parents, paths, short = yield from _expanded(problem, tree, chosen, expand, key)
        if not paths:
            if len(tree) == 1 and short:
                raise short[0]
            return Searched((yield from _rescued(problem, tree, key)), state, False)
        new = {len(tree) + place: path for place, path in enumerate(paths)}
        try:
            values, paid = yield from evaluate(problem, new, key)
        except OutOfBudget:
            values, paid = dict[int, float | None](), False
        tree = tree.grown(parents, paths, [values.get(number) for number in new])
        if short or not paid:
            return Searched((yield from _rescued(problem, tree, key)), state, False)


def _rescued(problem: Problem, tree: Tree, key: Key) -> Flow[Tree]:
    """Where the budget ends a search that has finished nothing, the best path is drawn to its end by what is left: with
    fewer tokens than a draw may take, if need be, for most take fewer."""
    live = [number for number in range(1, len(tree)) if not tree[number].path.done]
    if tree.finished() or not live:
        return tree
    (best,) = tree.best(live, 1)
    path = tree[best].path
    left: Budget = yield Left()
    for most in (None, left.completion_tokens) if left.completion_tokens else (None,):
        sampling = Sampling(max_tokens=most)
        first = tree.drawn.get(path.text, 0)
        try:
            paths = yield from next_steps(problem, path, key=key, first=first, depth=path.steps + 1, sampling=sampling)
        except OutOfBudget:
            continue
        return tree.grown([best], paths, [None])
    return tree


def _expanded(
    problem: Problem, tree: Tree, chosen: Sequence[int], expand: Expand, key: Key
) -> Flow[tuple[list[int], list[Path], list[OutOfBudget]]]:
    """Parents and new paths in the order of the choice, and what was short. Nodes with one text are one prefix: its
    draws are numbered on, so that they differ."""
    wanted = Counter(tree[number].path.text for number in chosen)
    first_with = {tree[number].path.text: tree[number].path for number in reversed(chosen)}
    short: list[OutOfBudget] = []
    flows = [
        _within(expand(problem, first_with[text], n, tree.drawn.get(text, 0), key), n, short)
        for text, n in wanted.items()
    ]
    found = dict(zip(wanted, (yield from together(flows)), strict=True))
    parents: list[int] = []
    paths: list[Path] = []
    for number in chosen:
        if rest := found[tree[number].path.text]:
            parents.append(number)
            paths.append(rest.pop(0))
    return parents, paths, short


def _within(flow: Flow[list[Path]], n: int, short: list[OutOfBudget]) -> Flow[list[Path]]:
    try:
        paths = yield from flow
    except OutOfBudget as error:
        short.append(error)
        return []
    if len(paths) < n:
        short.append(OutOfBudget(fits=len(paths)))
    return paths


def by_steps(unit: StepUnit, depth: int) -> Expand:
    """Expands a path by draws of its next step; the last of `depth` steps goes to the solution's end."""

    def expand(problem: Problem, path: Path, n: int, first: int, key: Key) -> Flow[list[Path]]:
        return next_steps(problem, path, key=key, n=n, first=first, unit=unit, depth=depth)

    return expand


def by_verifier(verifier: Verifier | Ranker) -> Evaluate:
    """Judges a path by what a verifier gives its text as far as it goes. Failed and truncated paths are not judged."""

    def evaluate(
        problem: Problem, paths: Mapping[int, Path], key: Key
    ) -> Flow[tuple[Mapping[int, float | None], bool]]:
        texts = {number: path.text for number, path in paths.items() if not path.dead}
        return scores_of(verifier, problem, texts, key=key)

    return evaluate


def completed(problem: Problem, searched: Searched[S], number: int | None, *, key: Key) -> Flow[Searched[S]]:
    """The search with one node more where it ended by its rule and found no answer: a node's path, drawn to its end.

    The new node is not judged. Nothing is drawn for number=None.

    Cost: generate <= 1.
    """
    tree = searched.tree
    if number is None or not searched.whole or any(problem.read(tree[n].path.text) for n in tree.finished()):
        return searched
    path = tree[number].path
    try:
        drawn = tree.drawn.get(path.text, 0)
        paths = yield from next_steps(problem, path, key=key, first=drawn, depth=path.steps + 1)
    except OutOfBudget:
        return replace(searched, whole=False)
    return replace(searched, tree=tree.grown([number], paths, [None]))


def outcome(
    problem: Problem,
    searched: Searched[S],
    choice: Choice = "best",
    *,
    among: Sequence[int] | None = None,
    winner: int | None = None,
) -> Result:
    """The result of a search.

    Args:
        choice: how the answer is taken from the finished paths.
        among: numbers of the nodes that count; default: all finished ones.
        winner: number of the node, one of those, that is the answer whatever the choice; None: the choice holds.
    """
    tree = searched.tree
    numbers = [n for n in (tree.finished() if among is None else among) if tree[n].path.finished]
    candidates = tuple(as_candidate(problem, tree[n].path, tree[n].value) for n in numbers)
    chosen = chosen_of(candidates, choice) if winner is None else candidates[numbers.index(winner)]
    stop = "done" if searched.whole else "budget"
    info = {"nodes": len(tree) - 1, "rounds": tree.rounds}
    if chosen is None:
        return Result(candidates=candidates, stop=stop, info=info)
    return Result(chosen.answer, chosen.text, None, candidates, stop, info)


def chosen_of(candidates: Sequence[Candidate], choice: Choice) -> Candidate | None:
    """The candidate that a choice falls on; None where none holds an answer."""
    answered = [one for one in candidates if one.answer is not None]
    if not answered:
        return None
    if choice == "best":
        return max(answered, key=lambda one: worth(one.score))  # the first of equals
    weights = [max(one.score or 0.0, 0.0) for one in answered] if choice == "weighted" else [1.0] * len(answered)
    return first_of(answered, tally(answered, weights))
