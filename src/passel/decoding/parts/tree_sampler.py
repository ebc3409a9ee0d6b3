"""Draws the tokens of one text down a tree of guesses, by the engine's own sampling."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import cast

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.decoding.parts.drafting import Proposal
from passel.decoding.parts.rejection import walk
from passel.engine.sampling import Rows, draw, sample, shaped, uniforms

__all__ = ["TreeSampler", "after"]

_PENALTIES = {"repetition_penalty", "presence_penalty", "frequency_penalty"}


class TreeSampler:
    """What the target says of a tree. Numbers go by the token's place in the answer and by the child tried, so that a
    text whose guesses were chosen without chance is the one that plain sampling with this key gives."""

    def __init__(self, sampling: Sampling, key: Key, prompt: tuple[int, ...], device: torch.device | str = "cpu") -> None:
        self.rows = Rows.of([replace(sampling, logprobs=None)], prompts=[prompt], device=device)
        self._seed = key.bits()
        self._step = 0

    def draw(self, logits: Float32[Tensor, "places vocab"], tree: Proposal) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The nodes that stand, and the tokens that the text goes on with: theirs and one more.

        Args:
            logits: of the target, after the text and after each node.
        """
        rows = after(self.rows, tree.tokens, tree.links)
        if any(chance is not None for chance in tree.chances) and not self.rows.greedy:
            path, tokens = self._rejecting(logits, tree, rows)
        else:
            path, tokens = self._matching(logits, tree, rows)
        self._step += len(tokens)
        self.rows = after(self.rows, tokens, range(-1, len(tokens) - 1)).select([len(tokens)])
        return tuple(path), tuple(tokens)

    def _matching(self, logits: Tensor, tree: Proposal, rows: Rows) -> tuple[list[int], list[int]]:
        """All tokens that the target draws, at once, then the way along those that were guessed."""
        steps = self._step + np.asarray([0, *tree.depths])
        u = uniforms(np.full(len(steps), self._seed, np.uint64), steps)
        found = cast(list[int], sample(logits, rows, u).tokens.tolist())
        children: dict[tuple[int, int], int] = {}
        for node, guess in enumerate(zip(tree.links, tree.tokens, strict=True)):
            children.setdefault(guess, node)
        path, at = list[int](), -1
        while (node := children.get((at, found[at + 1]))) is not None:
            path.append(at := node)
        return path, [found[at + 1] for at in (-1, *path)]

    def _rejecting(self, logits: Tensor, tree: Proposal, rows: Rows) -> tuple[list[int], list[int]]:
        chances = shaped(logits, rows).softmax(-1)
        drafts = [None if draft is None else draft.double() for draft in tree.drafts]

        def number(depth: int, stream: int) -> float:
            seed, step = np.asarray([self._seed], np.uint64), np.asarray([self._step + depth])
            return float(uniforms(seed, step, stream=stream)[0])

        def one(left: Tensor, depth: int) -> int:
            u = torch.tensor([number(depth, 0)], dtype=torch.float64, device=left.device)
            return int(draw(left.log().float().unsqueeze(0), u)[0])

        return walk(
            tree.tokens,
            tree.links,
            drafts,
            target=lambda node: chances[node + 1].double(),
            u=lambda depth, child: number(depth, 1 + child),
            draw=one,
        )


def after(rows: Rows, tokens: tuple[int, ...] | list[int], parents: range | tuple[int, ...]) -> Rows:
    """Of one row, a row for the text and one after each node of a tree: penalties look at its ancestors as well."""
    if not rows.active & _PENALTIES:
        return rows.select([0] * (1 + len(tokens)))
    made = [rows]
    for token, parent in zip(tokens, parents, strict=True):
        made.append(made[parent + 1].drew(rows.seen.token.new_tensor([token])))
    return reduce(Rows.append, made)
