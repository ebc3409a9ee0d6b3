"""Multifurcation: a reward model that values every child of a search node in one evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from passel.core.flow import Flow, reward, together
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.verifiers.parts.steps import Unit, split

__all__ = ["Multifurcation", "multifurcation", "one_by_one", "values"]


class Multifurcation(Protocol):
    """The values that a multifurcation model gives the children of a node, in their order.

    `prefix` is the node's text, a child a text that may follow it; the value of a child is that of `prefix + child`.
    -inf: a token that the model never saw in training, not to be chosen (conservative exploration). None: no value
    came.
    """

    def __call__(self, problem: Problem, prefix: str, children: Sequence[str]) -> Flow[tuple[float | None, ...]]: ...


def values(problem: Problem, prefix: str, children: Sequence[str]) -> Flow[tuple[float | None, ...]]:
    """All children in one evaluation. Cost: score <= 1 (none without children)."""
    if not children:
        return ()
    reply = yield from reward(problem.prompt, children, prefix=prefix, chain=False, label="multifurcation")
    return reply.scores if reply.ok and len(reply.scores) == len(children) else (None,) * len(children)


def one_by_one(problem: Problem, prefix: str, children: Sequence[str]) -> Flow[tuple[float | None, ...]]:
    """One evaluation for each child, as with outcome and process models: the cost that multifurcation saves.
    Cost: score = number of children."""
    found = yield from together([values(problem, prefix, (child,)) for child in children])
    return tuple([value for (value,) in found])


@needs(reward="reward")
def multifurcation(problem: Problem, text: str, *, key: Key, unit: Unit = "auto") -> Flow[Judgement]:
    """The value that a multifurcation model gives a text as the last child of its own path: its end, given the rest.

    A search over tokens asks `values` instead, once a node.

    Source: Qiu et al. 2025, Saffron-1 (2506.06444), section on the multifurcation reward model: one pass over a prefix
    gives the reward of every next token, in place of one call for each candidate.

    Symbols: v -> children; the model's entry v is the reward of prefix + v.

    Args:
        unit: the last step by this unit is the child, the steps before it the prefix. Our model `reward` reads the
            value at the child's last token, so there it changes nothing but how the text is cut into tokens.

    Returns: score; the model's own scale, -inf for a text that ends in a token it never saw; None if the text is blank
        or the pass failed.

    Cost: score <= 1

    Guarantees: heuristic; no better than the model. Needs a model whose head gives a value to every token:
    `--role reward=reward:PATH:head=vocabulary`.

    Deviations: none; the paper's search gives a reward to finished texts only, which is for the search to decide.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> played = play(values(Problem("1", "Hello"), "I", (" am", " was", " will")), [Reply(scores=(0.2, 0.1, 0.7))])
    >>> played.value, len(played.asks)
    ((0.2, 0.1, 0.7), 1)
    """
    steps = split(text, unit)
    if not text.strip():
        return Judgement(None, "the text is blank")
    (value,) = yield from values(problem, "".join(steps[:-1]), steps[-1:])
    if value is None:
        return Judgement(None, "the model gave no value")
    return Judgement(value, f"the model gives {value:.4g} to the last step: {steps[-1].strip()}")
