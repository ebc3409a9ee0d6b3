"""Saffron: a tree search in which one evaluation of a reward model values all children of a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result
from passel.methods.parts.multifurcating import Children, Leaf, Shape, best_finished, expanded, kept_of
from passel.methods.parts.paths import START, StepUnit, as_candidate, next_steps
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
    least: Annotated[int, Linear(0, 64)] = 16,
    depth: Annotated[int, Log(1, 256)] = 40,
    one_call: bool = True,
    step: StepUnit = "paragraph",
) -> Flow[Result]:
    """Keeps the n children of highest reward among those of all kept nodes, whose children are valued a node at once.

    A multifurcation reward model says for a prefix what each continuation by one is worth, so that a node costs one
    evaluation, however many children it has. A child that the model never saw in training is masked (conservative
    exploration). Nodes form a trie: children of one text are one node, and what begins alike is asked with the same
    prefix, which engines keep. A finished solution keeps its place before all that is unfinished.

    Source: Qiu et al. 2025, Saffron-1: Towards an Inference Scaling Paradigm for LLM Safety Assurance (2506.06444), and
    its public code (`saffron.py`).

    Symbols: budget -> n; v -> a child; the model's entry v is the reward of prefix + v.

    Args:
        n: nodes kept, the code's budget; 4 is ours.
        width: steps drawn of a node; with children=tokens, likeliest tokens asked for. Ours: the code sees all tokens.
        children: steps, drawn ones; tokens, as in the paper, for models that report log-probabilities.
        top_p: of the tokens, the smallest set of this probability; 0.8 as in the code.
        least: tokens before one that ends the solution; 16 as in the code. Steps end when the model ends.
        depth: steps, or tokens, of a solution at most; 40 is ours. The last step is drawn to the solution's end.
        one_call: value a node's children in one evaluation; else each in one of its own, for reward models that value
            one text at a time, and to measure what multifurcation saves.
        step: what a step is: a paragraph, or a line for models that write one step a line.

    Cost: generate <= n * width * depth + 1, score <= n * width * depth

    Guarantees: heuristic; the reward alone decides, and the model's probability only says what the children are. With
    one_call there is one score a node that is expanded, n * depth at most. Needs a model of the role reward that values
    alternatives: `--role reward=reward:PATH:head=vocabulary`.

    Deviations: only texts pass here, no token ids and no cache. Children are drawn steps, or those tokens of the top-p
    set that the endpoint reports; an end of the text is known by the usual marks of ends. Where the reward model saw
    some child, unseen ones are never kept; the code gives them a reward of -1024, and so keeps them where there are few
    others. Where no solution is finished after `depth` tokens, the best is drawn to its end without the reward model;
    the code returns it as it is. With children=steps no step is forbidden to be the last.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> flow = saffron(Problem("1", "2 + 2?"), key=Key(), n=1, width=2, step="line")
    >>> steps = [Reply(text="Well", stop_text="\\n"), Reply(text="2+2", stop_text="\\n")]
    >>> ends = [Reply(text="It is 5", stop_text=""), Reply(text="It is 4", stop_text="")]
    >>> played = play(flow, [*steps, Reply(scores=(0.2, 0.6)), *ends, Reply(scores=(0.1, 0.9))])
    >>> [ask.prefix for ask in played.asks], played.value.text
    (['', '', '', '2+2\\n', '2+2\\n', '2+2\\n'], '2+2\\nIt is 4')
    """
    shape = Shape(children, width, top_p, least, depth, step)
    evaluate = values if one_call else one_by_one
    kept: list[Leaf] = [Leaf(START)]
    rounds, nodes, whole = 0, 0, True
    while whole and (growing := [leaf for leaf in kept if not leaf.path.done and leaf.path.steps < depth]):
        flows = [expanded(problem, leaf.path, shape, evaluate, key) for leaf in growing]
        found = yield from together(flows)
        whole = all(one.whole for one in found)
        if not any(one.drawn for one in found):
            if not rounds:
                raise OutOfBudget
            break
        leaves = [leaf for one in found for leaf in one.leaves]
        finished = [leaf for leaf in kept if leaf.path.done]
        kept = kept_of(finished, leaves, n) if whole else [*finished, *best_finished(leaves)]
        rounds, nodes = rounds + 1, nodes + len(leaves)
    ended, paid = yield from _ended(problem, kept, key) if whole else _as_they_are(kept)
    return _result(problem, ended, whole and paid, {"nodes": nodes, "rounds": rounds})


def _ended(problem: Problem, kept: Sequence[Leaf], key: Key) -> Flow[tuple[list[Leaf], bool]]:
    """The finished ones, or, where there is none, the best of the others drawn to its end."""
    if (finished := best_finished(kept)) or not kept:
        return finished, True
    best = kept[0].path
    try:
        # its first draw was of a single token, which the asks' sampling tells apart
        paths = yield from next_steps(problem, best, key=key, depth=best.steps + 1)
    except OutOfBudget:
        return [], False
    return [Leaf(path) for path in paths if path.finished], True


def _as_they_are(kept: Sequence[Leaf]) -> Flow[tuple[list[Leaf], bool]]:
    yield from ()
    return best_finished(kept), False


def _result(problem: Problem, ended: Sequence[Leaf], whole: bool, info: dict[str, int]) -> Result:
    candidates = tuple(as_candidate(problem, leaf.path, leaf.reward if leaf.seen else None) for leaf in ended)
    chosen = next((one for one in candidates if one.answer is not None), None)
    stop = "done" if whole else "budget"
    if chosen is None:
        return Result(candidates=candidates, stop=stop, info=info)
    return Result(chosen.answer, chosen.text, None, candidates, stop, info)
