"""A search that scores all children of a node at once: children by steps or by tokens, and which are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from passel.core.ask import Sampling
from passel.core.flow import Flow, affordable, sample_within
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.reply import Token
from passel.methods.parts.paths import Path, StepUnit, next_steps
from passel.methods.parts.trees import worth
from passel.verifiers.multifurcation import Multifurcation

__all__ = ["Children", "Expanded", "Leaf", "Shape", "best_finished", "expanded", "kept_of", "nucleus"]

Children = Literal["steps", "tokens"]
"""What the children of a node are: sampled next steps, or the likeliest next tokens, which one pass reports."""

ENDS = ("", "</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>", "<|eot_id|>", "<|im_end|>", "<end_of_turn>")
"""Texts by which endpoints report that the model would end here."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A node at the edge of the search.

    Args:
        path: the solution as far as it goes.
        reward: its value as a child of its parent; -inf: the reward model never saw such a child; None: no value came.
        number: of its node in the tree.
    """

    path: Path
    reward: float | None = None
    number: int = 0

    @property
    def seen(self) -> bool:
        """Whether the reward model has a value for it."""
        return self.reward is not None and self.reward > -math.inf


@dataclass(frozen=True, slots=True)
class Shape:
    """How children are made.

    Args:
        children: steps or tokens.
        width: steps sampled for a node; with tokens, how many are requested.
        top_p: tokens: the smallest set with this share of the probability.
        min_tokens: tokens: a solution does not end before so many.
        depth: steps or tokens of a path at most.
        unit: what a step is.
    """

    children: Children
    width: int
    top_p: float
    min_tokens: int
    depth: int
    unit: StepUnit


@dataclass(frozen=True, slots=True)
class Expanded:
    """The children of a node.

    Args:
        leaves: the children.
        paid: whether the budget allowed any pass. whole: whether it allowed all.
    """

    leaves: tuple[Leaf, ...] = ()
    paid: bool = False
    whole: bool = True


def expanded(problem: Problem, path: Path, shape: Shape, values: Multifurcation, key: Key) -> Flow[Expanded]:
    """A node's children, those of equal text once, scored in one evaluation. Failed and truncated ones are left out.

    Cost: generate <= width, score <= 1.
    """
    sampled = yield from affordable((_steps if shape.children == "steps" else _tokens)(problem, path, shape, key))
    if sampled is None:
        return Expanded(whole=False)
    children, whole = sampled
    paths = list({child.text: child for child in children if not child.dead}.values())
    texts = [child.text[len(path.text) :] for child in paths]
    rewards = yield from affordable(values(problem, path.text, texts))
    if rewards is None:
        rewards, whole = (None,) * len(paths), False
    return Expanded(tuple(map(Leaf, paths, rewards)), True, whole)


def _steps(problem: Problem, path: Path, shape: Shape, key: Key) -> Flow[tuple[list[Path], bool]]:
    paths = yield from next_steps(problem, path, key=key, n=shape.width, unit=shape.unit, depth=shape.depth)
    return paths, len(paths) == shape.width


def _tokens(problem: Problem, path: Path, shape: Shape, key: Key) -> Flow[tuple[list[Path], bool]]:
    sampling = Sampling(max_tokens=1, logprobs=shape.width)
    (reply,) = yield from sample_within(
        problem.prompt, key=key, n=1, prefix=path.text, sampling=sampling, label="children"
    )
    if reply.stop not in ("end", "length") or not (reply.tokens or reply.ok):
        return [], True
    tokens = nucleus(reply.tokens[0], shape.top_p) if reply.tokens else [""]  # endpoints often do not report a lone end
    if path.steps < shape.min_tokens:
        tokens = [token for token in tokens if token not in ENDS]
    longer = replace(path, steps=path.steps + 1, tokens=path.tokens + 1)
    return [_with(longer, token) for token in tokens], True


def _with(path: Path, token: str) -> Path:
    return replace(path, done=True) if token in ENDS else replace(path, text=path.text + token)


def nucleus(token: Token, top_p: float) -> list[str]:
    """The likeliest of a token's alternatives that together have the probability `top_p`, or as much as is reported.
    The alternative that passes `top_p` is among them."""
    chosen: list[str] = []
    mass = 0.0
    for text, logprob in sorted(token.top or ((token.text, token.logprob),), key=lambda pair: -pair[1]):
        if mass >= top_p:
            break
        chosen.append(text)
        mass += math.exp(logprob)
    return chosen


def kept_of(finished: Sequence[Leaf], new: Sequence[Leaf], count: int) -> list[Leaf]:
    """The `count` nodes that are kept: of the new children those of highest reward, with finished nodes, new and old,
    before unfinished ones.

    Children of equal text are one node. Children that the reward model never saw are kept only if it saw none.
    """
    alike = {(leaf.path.text, leaf.path.done): leaf for leaf in reversed(new)}
    nodes = [leaf for leaf in new if alike[leaf.path.text, leaf.path.done] is leaf]
    seen = [leaf for leaf in nodes if leaf.seen] or [leaf for leaf in nodes if leaf.reward is None] or nodes
    best = _by_reward(seen)[:count]
    ended = _by_reward([*finished, *(leaf for leaf in best if leaf.path.done)])
    return [*ended, *(leaf for leaf in best if not leaf.path.done)][:count]


def best_finished(leaves: Sequence[Leaf]) -> list[Leaf]:
    """The finished solutions, the highest reward first."""
    return _by_reward([leaf for leaf in leaves if leaf.path.finished])


def _by_reward(leaves: Sequence[Leaf]) -> list[Leaf]:
    return sorted(leaves, key=lambda leaf: -worth(leaf.reward))
