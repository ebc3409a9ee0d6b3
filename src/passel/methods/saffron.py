"""Saffron: a tree search in which one evaluation of a reward model scores all children of a node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, affordable, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result
from passel.methods.parts.multifurcating import Children, Expanded, Leaf, Shape, best_finished, expanded, kept_of
from passel.methods.parts.paths import START, StepUnit, as_candidate, next_steps
from passel.methods.parts.search import searched_info
from passel.methods.parts.trees import Tree
from passel.verifiers.multifurcation import one_by_one, values

__all__ = ["saffron"]


@needs(generator="text prefix", reward="reward")
def saffron(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 64)] = 4,
    width: Annotated[int, Log(1, 64)] = 8,
    children: Children = "steps",
    top_p: Annotated[float, Linear(0.0, 1.0)] = 0.8,
    min_tokens: Annotated[int, Linear(0, 64)] = 16,
    depth: Annotated[int, Log(1, 256)] = 40,
    one_call: bool = True,
    step: StepUnit = "paragraph",
) -> Flow[Result]:
    """Keeps the n children of highest reward at each depth; one evaluation scores all children of a node.

    A multifurcation reward model gives, for a prefix, the reward of each continuation by one token. So a node costs one
    evaluation, however many children it has. A child that the model never saw in training is masked (conservative
    exploration). Nodes form a trie: children of equal text are one node, and texts with the same beginning are
    requested with the same prefix, which engines cache. A finished solution keeps its place before all unfinished ones.

    Source: Qiu et al. 2025, Saffron-1: Towards an Inference Scaling Paradigm for LLM Safety Assurance (2506.06444), and
    its public code (`saffron.py`).

    Symbols: budget -> n; v -> a child; the model's entry v is the reward of prefix + v.

    Args:
        n: nodes kept, the code's budget; 4 is ours.
        width: steps sampled for a node; with children=tokens, likeliest tokens requested. Ours: the code sees all
            tokens.
        children: steps: sampled steps; tokens: next tokens, as in the paper, for models that report log-probabilities.
        top_p: of the tokens, the smallest set with this probability; 0.8 as in the code.
        min_tokens: with children=tokens, a solution does not end before this many; 16 as in the code. With steps, the
            model decides.
        depth: steps, or tokens, of a solution at most; 40 is ours. The last step goes to the solution's end.
        one_call: score a node's children in one evaluation; else one evaluation for each child, for reward models that
            score one text at a time, and to measure what multifurcation saves.
        step: what a step is: a paragraph, or a line for models that write one step per line.

    Cost: generate <= n * width * depth + 1, score <= n * width * depth

    Guarantees: heuristic. Only the reward decides; the model's probabilities only determine the children. With one_call
    there is one score for each expanded node, n * depth at most. It needs a model of the role reward that scores
    alternatives: `--role reward=reward:PATH:head=vocabulary`.

    Deviations: only texts are passed here, no token ids and no cache. Children are sampled steps, or those tokens of
    the top-p set that the endpoint reports; the end of a text is recognised by the usual end marks. Where the reward
    model saw some child, unseen children are never kept; the code gives them a reward of -1024, and so keeps them where
    there are few others. If no solution is finished after `depth` tokens, the best is continued to its end without the
    reward model; the code returns it as it is. With children=steps any step may be the last.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> flow = saffron(Problem("1", "2 + 2?"), key=Key(), n=1, width=2, step="line")
    >>> steps = [Reply(text="Well", stop_text="\\n"), Reply(text="2+2", stop_text="\\n")]
    >>> ends = [Reply(text="It is 5", stop_text=""), Reply(text="It is 4", stop_text="")]
    >>> played = play(flow, [*steps, Reply(scores=(0.2, 0.6)), *ends, Reply(scores=(0.1, 0.9))])
    >>> [ask.prefix for ask in played.asks], played.value.text
    (['', '', '', '2+2\\n', '2+2\\n', '2+2\\n'], '2+2\\nIt is 4')
    """
    shape = Shape(children, width, top_p, min_tokens, depth, step)
    score_children = values if one_call else one_by_one
    tree, kept, whole = Tree(), [Leaf(START)], True
    while whole and (growing := [leaf for leaf in kept if not leaf.path.done and leaf.path.steps < depth]):
        flows = [expanded(problem, leaf.path, shape, score_children, key) for leaf in growing]
        expansions = yield from together(flows)
        whole = all(one.whole for one in expansions)
        if not any(one.paid for one in expansions):
            if not tree.rounds:
                raise OutOfBudget
            break
        tree, leaves = _grown(tree, growing, expansions)
        finished = [leaf for leaf in kept if leaf.path.done]
        kept = kept_of(finished, leaves, n) if whole else [*finished, *best_finished(leaves)]
    if whole and kept and not best_finished(kept):
        tree, kept, whole = yield from _completed(problem, tree, kept[0], key)
    return _result(problem, tree, best_finished(kept), whole=whole)


def _grown(tree: Tree, parents: Sequence[Leaf], expansions: Sequence[Expanded]) -> tuple[Tree, list[Leaf]]:
    """The tree with all children of a round, and the children with their numbers in it."""
    pairs = [(parent.number, leaf) for parent, one in zip(parents, expansions, strict=True) for leaf in one.leaves]
    rewards = [leaf.reward if leaf.seen else None for _, leaf in pairs]
    leaves = [replace(leaf, number=number) for number, (_, leaf) in enumerate(pairs, len(tree))]
    return tree.grown([parent for parent, _ in pairs], [leaf.path for _, leaf in pairs], rewards), leaves


def _completed(problem: Problem, tree: Tree, best: Leaf, key: Key) -> Flow[tuple[Tree, list[Leaf], bool]]:
    """The best unfinished solution, continued to its end without the reward model."""
    # its first sample was of a single token, which the requests' sampling parameters tell apart
    last_step = next_steps(problem, best.path, key=key, depth=best.path.steps + 1)
    paths = yield from affordable(last_step)
    if paths is None:
        return tree, [], False
    leaves = [Leaf(path, number=number) for number, path in enumerate(paths, len(tree))]
    return tree.grown([best.number] * len(paths), paths, [None] * len(paths)), leaves, True


def _result(problem: Problem, tree: Tree, finished: Sequence[Leaf], *, whole: bool) -> Result:
    candidates = [as_candidate(problem, leaf.path, leaf.reward if leaf.seen else None) for leaf in finished]
    chosen = next((one for one in candidates if one.answer is not None), None)
    info = searched_info(tree, [leaf.number for leaf in finished], candidates, chosen)
    return Result.of(chosen, candidates, whole=whole, info=info)
