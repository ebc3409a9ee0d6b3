"""A search whose nodes are valued all children at once: children by steps or by tokens, and which are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.reply import Token
from passel.methods.parts.paths import Path, StepUnit, next_steps
from passel.methods.parts.trees import worth
from passel.verifiers.multifurcation import Multifurcation

__all__ = ["Children", "Expanded", "Leaf", "Shape", "best_finished", "expanded", "kept_of", "nucleus"]

Children = Literal["steps", "tokens"]
"""What the children of a node are: drawn next steps, or the likeliest next tokens, of which one pass tells."""

ENDS = ("", "</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>", "<|eot_id|>", "<|im_end|>", "<end_of_turn>")
"""Texts by which endpoints report that the model would end here."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A path and its reward as a child of its parent: -inf if the reward model never saw such a child, None if no value
    came."""

    path: Path
    reward: float | None = None

    @property
    def seen(self) -> bool:
        """Whether the reward model has a value for it."""
        return self.reward is not None and self.reward > -math.inf


@dataclass(frozen=True, slots=True)
class Shape:
    """How children are made.

    Args:
        children: steps or tokens.
        width: steps drawn of a node; tokens asked for.
        top_p: tokens: the smallest set with this share of the probability.
        least: tokens: a solution does not end before so many.
        depth: steps or tokens of a path at most.
        unit: what a step is.
    """

    children: Children
    width: int
    top_p: float
    least: int
    depth: int
    unit: StepUnit


@dataclass(frozen=True, slots=True)
class Expanded:
    """The children of a node, and whether something was drawn for them and the budget allowed it all."""

    leaves: tuple[Leaf, ...] = ()
    drawn: bool = False
    whole: bool = True


def expanded(problem: Problem, path: Path, shape: Shape, values: Multifurcation, key: Key) -> Flow[Expanded]:
    """A node's children, equal ones once, valued in one evaluation. Failed and truncated ones are left out.

    Cost: generate <= width, score <= 1.
    """
    try:
        drawn, whole = yield from (_steps if shape.children == "steps" else _tokens)(problem, path, shape, key)
    except OutOfBudget:
        return Expanded(whole=False)
    paths = list({child.text: child for child in drawn if not child.dead}.values())
    texts = [child.text[len(path.text) :] for child in paths]
    try:
        rewards = yield from values(problem, path.text, texts)
    except OutOfBudget:
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
    tokens = nucleus(reply.tokens[0], shape.top_p) if reply.tokens else [""]  # an end alone is often not reported
    if path.steps < shape.least:
        tokens = [token for token in tokens if token not in ENDS]
    further = replace(path, steps=path.steps + 1, tokens=path.tokens + 1)
    return [_with(further, token) for token in tokens], True


def _with(path: Path, token: str) -> Path:
    return replace(path, done=True) if token in ENDS else replace(path, text=path.text + token)


def nucleus(token: Token, top_p: float) -> list[str]:
    """The likeliest of a token's alternatives that together have `top_p` of the probability, or of what is reported.
    The one that passes it is among them."""
    chosen: list[str] = []
    mass = 0.0
    for text, logprob in sorted(token.top or ((token.text, token.logprob),), key=lambda pair: -pair[1]):
        if mass >= top_p:
            break
        chosen.append(text)
        mass += math.exp(logprob)
    return chosen


def kept_of(finished: Sequence[Leaf], found: Sequence[Leaf], count: int) -> list[Leaf]:
    """The `count` children of highest reward, then the finished ones of those and of before first.

    Equal texts are one node. Children that the reward model never saw are kept only where it saw none of all.
    """
    alike = {(leaf.path.text, leaf.path.done): leaf for leaf in reversed(found)}
    nodes = [leaf for leaf in found if alike[leaf.path.text, leaf.path.done] is leaf]
    seen = [leaf for leaf in nodes if leaf.seen] or [leaf for leaf in nodes if leaf.reward is None] or nodes
    chosen = _by_reward(seen)[:count]
    ended = _by_reward([*finished, *(leaf for leaf in chosen if leaf.path.done)])
    return [*ended, *(leaf for leaf in chosen if not leaf.path.done)][:count]


def best_finished(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Those that are whole, the highest reward first."""
    return _by_reward([leaf for leaf in leaves if leaf.path.finished])


def _by_reward(leaves: Sequence[Leaf]) -> list[Leaf]:
    return sorted(leaves, key=lambda leaf: -worth(leaf.reward))
