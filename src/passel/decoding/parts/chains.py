"""Drafting with a model: chains of guesses in branches of its cache; a pass adds one token to each chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from passel.core.errors import UsageError
from passel.decoding.parts.drafting import DraftContext, Proposal
from passel.engine.requests import Decoding, Forward, fork, forward, forwards
from passel.engine.sampling import Rows, draw, sample, shaped, uniforms

__all__ = ["Chain", "draw_chains", "draw_guesses", "joined"]


@dataclass(slots=True, eq=False)
class Chain:
    """Guesses one after another.

    Args:
        branch: branch of the drafting model; it holds the text and all guesses except the last.
        rows: the sampling parameters as they stand after the guesses.
        tokens: the guesses. distributions: the distribution that each was drawn from (None: it was chosen).
    """

    branch: int
    rows: Rows
    tokens: list[int] = field(default_factory=list[int])
    distributions: list[Tensor | None] = field(default_factory=list[Tensor | None])

    def add(self, token: int, chance: Tensor | None) -> None:
        """Adds a guess."""
        self.tokens.append(token)
        self.distributions.append(chance)
        self.rows = self.rows.with_sampled(self.rows.seen.token.new_tensor([token]))


def draw_chains(
    branch: int,
    new: Sequence[int],
    context: DraftContext,
    *,
    seed: int,
    end: frozenset[int],
    width: int = 1,
    layers: int | None = None,
) -> Decoding[list[Chain]]:
    """Draws guesses that follow the text, in `width` chains whose first tokens differ.

    A chain has `context.length` tokens, or fewer where it reaches an end token. The first chain goes on in `branch`,
    every other chain in a fork of it.

    Args:
        branch: branch of the drafting model, with all of the text except the tokens `new`.
        seed: 64 bits; a draw depends on it, on the token's place in the text and on the number of its chain.
        layers: number of layers of the forwards; None: all.

    Raises UsageError where the drafting model has another vocabulary than the target.
    """
    output = yield from forward(Forward(branch, new, layers=layers))
    size = output.logits.shape[-1]
    if size != context.vocabulary:
        raise UsageError(f"a drafter must share the model's vocabulary: it has {size} tokens, not {context.vocabulary}")
    place = len(context.tokens)
    chains: list[Chain] = []
    for token, chance in draw_guesses(output.logits[-1], context.rows, width, seed=seed, place=place):
        own = (yield from fork(branch)) if chains else branch
        chains.append(Chain(own, context.rows))
        chains[-1].add(token, chance)
    for level in range(1, context.length):
        going = [(number, chain) for number, chain in enumerate(chains) if chain.tokens[-1] not in end]
        if not going:
            break
        asks = [Forward(chain.branch, chain.tokens[-1:], layers=layers) for _, chain in going]
        for (number, chain), output in zip(going, (yield from forwards(asks)), strict=True):
            (guess,) = draw_guesses(output.logits[-1], chain.rows, 1, seed=seed, place=place + level, stream=number)
            chain.add(*guess)
    return chains


def draw_guesses(
    logits: Float32[Tensor, " vocab"], rows: Rows, count: int, *, seed: int, place: int, stream: int = 0
) -> list[tuple[int, Tensor | None]]:
    """Draws different tokens without replacement, each with its distribution; where sampling is greedy, chooses the
    most likely tokens. Returns fewer tokens where no others are possible."""
    found: list[tuple[int, Tensor | None]] = []
    if rows.greedy:
        for _ in range(min(count, len(logits))):
            tokens = [token for token, _ in found]
            drawn = sample(
                logits.unsqueeze(0), rows, np.zeros(1), constraint=lambda raw, gone=tokens: _without(raw, gone)
            )
            found.append((int(drawn.tokens[0]), None))
        return found
    chance = shaped(logits.unsqueeze(0), rows).softmax(-1)[0]
    streams = range(stream, stream + count)
    for number in streams:
        if not float(chance.sum()) > 0:
            break
        chance = chance / chance.sum()
        u = uniforms(np.asarray([seed], np.uint64), np.asarray([place]), stream=number)
        token = int(draw(chance.log().unsqueeze(0), torch.from_numpy(u).to(chance.device))[0])
        found.append((token, chance))
        chance = chance.index_fill(0, torch.tensor([token], device=chance.device), 0.0)
    return found


def joined(chains: Sequence[Chain], memory: Any = None) -> Proposal:
    """Joins chains into one tree, the first chain first."""
    parents: list[int] = []
    for chain in chains:
        start = len(parents)
        parents += [-1, *range(start, start + len(chain.tokens) - 1)]
    tokens = tuple(token for chain in chains for token in chain.tokens)
    distributions = tuple(chance for chain in chains for chance in chain.distributions)
    drawn = any(chance is not None for chance in distributions)
    return Proposal(tokens, None if len(chains) == 1 else tuple(parents), distributions if drawn else (), memory)


def _without(logits: Tensor, tokens: Sequence[int]) -> Tensor:
    return logits.index_fill(1, torch.tensor(tokens, dtype=torch.int64, device=logits.device), -torch.inf)
