"""One search over trees of steps. What to expand, how, and what a node is worth are rules that are passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, Protocol, TypeVar

from passel.core.ask import Sampling
from passel.core.cost import Budget
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, Left, affordable, together
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.result import Candidate, Result
from passel.methods.parts.paths import Path, StepUnit, as_candidate, next_steps
from passel.methods.parts.trees import Tree, tree_info, worth
from passel.methods.parts.votes import majority
from passel.verifiers import Ranker, Verifier, judged

__all__ = ["Choice", "Evaluate", "Expand", "Judgements", "Searched", "Select"]
__all__ += ["by_steps", "by_verifier", "chosen_of", "completed", "outcome", "searched_info", "tree_search"]

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)

Choice = Literal["best", "vote", "weighted"]
"""How the answer is taken from the finished solutions: the best one's, by majority, or by votes weighted with the
scores."""

Judgements = tuple[Mapping[int, Judgement | float | None], bool]
"""The judgements of paths, by the numbers that their nodes will have, and whether the budget allowed them all."""


class Select(Protocol[S]):
    """Which nodes to expand next: their numbers, once for each child that is wanted, and the rule's new state. No
    numbers end the search."""

    def __call__(self, tree: Tree, state: S, key: Key, /) -> tuple[Sequence[int], S]: ...


class Expand(Protocol):
    """New paths from a path: as many of n as the budget allows; OutOfBudget if not even one fits. `first` is the number
    of the first sample from its prefix."""

    def __call__(self, problem: Problem, path: Path, n: int, first: int, key: Key, /) -> Flow[list[Path]]: ...


class Evaluate(Protocol):
    """What paths are worth. A path without a judgement is not judged."""

    def __call__(self, problem: Problem, paths: Mapping[int, Path], key: Key, /) -> Flow[Judgements]: ...


@dataclass(frozen=True, slots=True)
class Searched(Generic[S_co]):
    """The end of a search: the tree, the rule's last state, and whether the rule ended it, not the budget."""

    tree: Tree
    state: S_co
    whole: bool


def tree_search(
    problem: Problem, *, key: Key, select: Select[S], state: S, expand: Expand, evaluate: Evaluate
) -> Flow[Searched[S]]:
    """Selects nodes, expands them, judges the new nodes, and repeats this until the rule selects none.

    All nodes of a round are expanded at once, and judged at once. OutOfBudget leaves it only if not one step was
    sampled. Where the budget ends it before a path is finished, the best path is continued to its end, if that fits.

    Args:
        select: sees the tree, its own state, and a key of this round.
        state: the rule's first state.
        expand: samples a node's children.
        evaluate: judges new paths, finished paths too.
    """
    tree = Tree()
    while True:
        chosen, state = select(tree, state, key / "select" / tree.rounds)
        if not chosen:
            return Searched(tree, state, True)
        parents, paths = yield from _expanded(problem, tree, chosen, expand, key)
        if not paths:
            if len(tree) == 1:
                raise OutOfBudget
            return Searched((yield from _rescued(problem, tree, key)), state, False)
        new = {len(tree) + place: path for place, path in enumerate(paths)}
        judgements, paid = (yield from affordable(evaluate(problem, new, key))) or ({}, False)
        tree = tree.grown(parents, paths, [judgements.get(number) for number in new])
        if len(paths) < len(chosen) or not paid:
            return Searched((yield from _rescued(problem, tree, key)), state, False)


def _rescued(problem: Problem, tree: Tree, key: Key) -> Flow[Tree]:
    """Where the budget ends a search that has finished nothing, the best path is continued to its end with what is
    left: with fewer tokens than a sample may take, if need be, for most samples take fewer."""
    live = [number for number in range(1, len(tree)) if not tree[number].path.done]
    if tree.finished() or not live:
        return tree
    (best,) = tree.best(live, 1)
    path = tree[best].path
    left: Budget = yield Left()
    for max_tokens in (None, left.completion_tokens) if left.completion_tokens else (None,):
        paths = yield from affordable(_last_step(problem, tree, path, key, Sampling(max_tokens=max_tokens)))
        if paths is not None:
            return tree.grown([best], paths, [None])
    return tree


def _last_step(problem: Problem, tree: Tree, path: Path, key: Key, sampling: Sampling = Sampling()) -> Flow[list[Path]]:
    """The path continued to the solution's end by the next sample of its text. Cost: generate = 1."""
    first = tree.sampled.get(path.text, 0)
    return next_steps(problem, path, key=key, first=first, depth=path.steps + 1, sampling=sampling)


def _expanded(
    problem: Problem, tree: Tree, chosen: Sequence[int], expand: Expand, key: Key
) -> Flow[tuple[list[int], list[Path]]]:
    """Parents and new paths in the order of the choice, fewer than were chosen where the budget fell short. Nodes of
    equal text are one prefix: its samples are numbered on, so that they differ."""
    wanted = Counter(tree[number].path.text for number in chosen)
    first_with = {tree[number].path.text: tree[number].path for number in reversed(chosen)}
    flows = [
        affordable(expand(problem, first_with[text], n, tree.sampled.get(text, 0), key)) for text, n in wanted.items()
    ]
    children = {text: paths or [] for text, paths in zip(wanted, (yield from together(flows)), strict=True)}
    parents: list[int] = []
    paths: list[Path] = []
    for number in chosen:
        if rest := children[tree[number].path.text]:
            parents.append(number)
            paths.append(rest.pop(0))
    return parents, paths


def by_steps(unit: StepUnit, depth: int) -> Expand:
    """Expands a path by samples of its next step; the last of `depth` steps goes to the solution's end."""

    def expand(problem: Problem, path: Path, n: int, first: int, key: Key) -> Flow[list[Path]]:
        return next_steps(problem, path, key=key, n=n, first=first, unit=unit, depth=depth)

    return expand


def by_verifier(verifier: Verifier | Ranker) -> Evaluate:
    """Judges each path by a verifier's score of its text so far. Failed and truncated paths are not judged."""

    def evaluate(problem: Problem, paths: Mapping[int, Path], key: Key) -> Flow[Judgements]:
        texts = {number: path.text for number, path in paths.items() if not path.dead}
        return judged(verifier, problem, texts, key=key)

    return evaluate


def completed(problem: Problem, searched: Searched[S], number: int | None, *, key: Key) -> Flow[Searched[S]]:
    """The search with one more node if its rule ended it and it found no answer: a node's path, continued to its end.

    The new node is not judged. Nothing is sampled for number=None.

    Cost: generate <= 1.
    """
    tree = searched.tree
    if number is None or not searched.whole or any(problem.read(tree[n].path.text) for n in tree.finished()):
        return searched
    paths = yield from affordable(_last_step(problem, tree, tree[number].path, key))
    if paths is None:
        return replace(searched, whole=False)
    return replace(searched, tree=tree.grown([number], paths, [None]))


def outcome(
    problem: Problem,
    searched: Searched[S],
    choice: Choice = "best",
    *,
    winner: int | None = None,
    **columns: Sequence[float | None],
) -> Result:
    """The result of a search. Its candidates are the finished solutions.

    Args:
        choice: how the answer is taken from them.
        winner: number of the node that is the answer whatever the choice; None: the choice decides.
        columns: further values for each node of `info["tree"]`, see `tree_info`.
    """
    tree, numbers = searched.tree, searched.tree.finished()
    candidates = [as_candidate(problem, tree[n].path, tree[n].value, tree[n].reason) for n in numbers]
    chosen = chosen_of(candidates, choice) if winner is None else candidates[numbers.index(winner)]
    info = searched_info(tree, numbers, candidates, chosen, **columns)
    return Result.of(chosen, candidates, whole=searched.whole, info=info)


def searched_info(
    tree: Tree,
    numbers: Sequence[int],
    candidates: Sequence[Candidate],
    chosen: Candidate | None,
    **columns: Sequence[float | None],
) -> dict[str, Any]:
    """What a reader of a search may want to know: nodes, rounds, the whole tree, and the chosen node's number.

    Args:
        numbers: of the candidates' nodes, in the candidates' order.
        columns: further values for each node, see `tree_info`.
    """
    index = next((number for number, one in zip(numbers, candidates, strict=True) if one is chosen), None)
    return {"nodes": len(tree) - 1, "rounds": tree.rounds, "tree": tree_info(tree, **columns), "chosen": index}


def chosen_of(candidates: Sequence[Candidate], choice: Choice) -> Candidate | None:
    """The candidate that a choice falls on; None if none has an answer."""
    answered = [one for one in candidates if one.answer is not None]
    if not answered:
        return None
    if choice == "best":
        return max(answered, key=lambda one: worth(one.score))  # the first of equals
    return majority(answered, [max(one.score or 0.0, 0.0) for one in answered] if choice == "weighted" else None)
