"""Draws the tokens of one text down a tree of guesses, by the engine's own sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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

__all__ = ["TreeSampler"]


class TreeSampler:
    """Accepts or refuses the nodes of a tree.

    Uniform numbers depend on the token's place in the answer and on the child that is tried, so a text whose guesses
    were all chosen is the one that plain sampling gives with this key.

    Truncations and penalties are computed only for nodes that are reached, not for those after a wrong guess.
    """

    def __init__(
        self, sampling: Sampling, key: Key, prompt: tuple[int, ...], device: torch.device | str = "cpu"
    ) -> None:
        self.rows = Rows.of([replace(sampling, logprobs=None)], prompts=[prompt], device=device)
        self._seed = key.bits()
        self._step = 0

    def draw(self, logits: Float32[Tensor, "places vocab"], tree: Proposal) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The accepted nodes, and the tokens that are added to the text: theirs and one more.

        Args:
            logits: of the target, after the text and after each node.
        """
        drawn = any(chance is not None for chance in tree.distributions) and not self.rows.greedy
        path, tokens = self._rejecting(logits, tree) if drawn else self._matching(logits, tree)
        self._step += len(tokens)
        for token in tokens:
            self.rows = _after(self.rows, token)
        return tuple(path), tuple(tokens)

    def _matching(self, logits: Tensor, tree: Proposal) -> tuple[list[int], list[int]]:
        """Tokens drawn from the target, as long as they were guessed, and one more."""
        children: dict[tuple[int, int], int] = {}
        for node, guess in enumerate(zip(tree.all_parents, tree.tokens, strict=True)):
            children.setdefault(guess, node)
        found = None
        if self.rows.active <= {"temperature"}:  # so little work that all nodes at once cost no more than a few
            found = self._drawn(logits, self.rows.select([0] * len(logits)), [0, *tree.depths])
        path, tokens, rows, at = list[int](), list[int](), self.rows, -1
        while True:
            tokens.append(found[at + 1] if found else self._drawn(logits[at + 1 : at + 2], rows, [len(path)])[0])
            node = children.get((at, tokens[-1]))
            if node is None:
                return path, tokens
            rows = _after(rows, tokens[-1])
            path.append(at := node)

    def _drawn(self, logits: Tensor, rows: Rows, depths: Sequence[int]) -> list[int]:
        seeds = np.full(len(depths), self._seed, dtype=np.uint64)
        u = uniforms(seeds, self._step + np.asarray(depths))
        return cast(list[int], sample(logits, rows, u).tokens.tolist())

    def _rejecting(self, logits: Tensor, tree: Proposal) -> tuple[list[int], list[int]]:
        """Multi-round speculative sampling."""
        rows = {-1: self.rows}

        def target(node: int) -> Tensor:
            if node >= 0:
                rows[node] = _after(rows[tree.all_parents[node]], tree.tokens[node])
            return shaped(logits[node + 1 : node + 2], rows[node]).softmax(-1)[0].double()

        def number(depth: int, stream: int) -> float:
            seed, step = np.asarray([self._seed], dtype=np.uint64), np.asarray([self._step + depth])
            return float(uniforms(seed, step, stream=stream)[0])

        def one(left: Tensor, depth: int) -> int:
            u = torch.tensor([number(depth, 0)], dtype=torch.float64, device=left.device)
            return int(draw(left.log().float().unsqueeze(0), u)[0])

        def of_child(depth: int, child: int) -> float:
            return number(depth, 1 + child)

        return walk(tree.tokens, tree.all_parents, tree.node_distributions, target=target, u=of_child, draw=one)


def _after(rows: Rows, token: int) -> Rows:
    """The sampling parameters after one more token, which penalties count."""
    return rows.with_sampled(rows.seen.token.new_tensor([token]))
