"""A small trained network that predicts several of the target's next features in one pass."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated

import torch
from torch import Tensor

from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.drafting import DraftContext, Drafter, Proposal
from passel.decoding.parts.falcon.reading import PredictedBlocks, ReadState, predict_after, read_further
from passel.decoding.parts.falcon.tree import DraftTree, Path, RankedTokens, rank_tokens
from passel.decoding.parts.inputs import DecodingInput
from passel.engine.requests import ALL, Decoding, Forward, drop, forward, open_branch
from passel.networks.falcon import FalconNetwork, build_falcon, unit
from passel.networks.trained_parts import load_trained

__all__ = ["falcon"]


def falcon(
    inputs: DecodingInput,
    *,
    key: Key,
    path: str = "",
    length: Annotated[int, Log(1, 16)] = 2,
    width: Annotated[int, Log(1, 16)] = 4,
    nodes: Annotated[int, Log(1, 64)] = 8,
) -> Drafter:
    """Guesses a tree, a block of levels for each pass of the drafter, from the target's last hidden states.

    The drafter reads the features of the text's tokens, as the target's passes leave them, with the embedding of the
    token that follows each. A pass predicts the features of a whole block of tokens; the target's own final norm and
    head make tokens of them. A path of guesses through a block is what the next pass goes on from. Which ranks of
    tokens can be in the tree is fixed; of these the `nodes` stay whose probabilities have the highest product.

    Source: Gao, Xie, Xiang and Ji 2024, Falcon: faster and parallel inference of large language models through enhanced
    semi-autoregressive drafting and custom-designed decoding tree, arXiv 2412.12639, sections 3.1 and 3.4; trees of
    `models/choices.py` of github.com/Bestpay-inc/Falcon.

    Symbols: k -> the block of the trained network; f -> features; n -> `nodes`; m -> passes, `length` / k.

    Args:
        inputs: its end tokens are used: no guess follows them.
        key: not used: guesses are the likeliest tokens, at any temperature.
        path: folder made by `passel train falcon` for this model.
        length: levels of the tree; the paper has 8 with k = 2, for models beside which a pass of the drafter is cheap.
        width: the product of ranks along a path, each counted from 1, is at most this, so it is the first level's
            fan-out; 1: a chain. The paper's trees begin with 17 to 20.
        nodes: of the tree at most; the paper's trees have 61 to 140 and are for a GPU, where they cost next to nothing.

    Cost: for each pass of the target, `length` / k passes of the drafter and of the target's head, the first with the
    tokens accepted since the last one, each other one with k tokens for each path that it follows. The LSTM reads a
    prompt token by token.

    Guarantees: exact within speculative decoding: nothing is drawn.

    Deviations: the trees in the code are lists made by hand for k = 2; here a rule makes one for every depth and width,
    and it is cut to the nodes that the drafter thinks likeliest, since on a processor each costs. Features are those
    before the final norm, scaled to a root mean square of 1: the norm undoes the scale. A text shorter than a block is
    not drafted for.

    Raises UsageError where `path` holds no such drafter, or one of a model of another size.
    """
    network, manifest = load_trained(path, "falcon", build_falcon)

    def propose(context: DraftContext) -> Decoding[Proposal]:
        manifest.check(path, hidden_size=context.hidden[1].shape[-1], vocabulary=context.vocabulary)
        own = _placed(network, context.hidden[1].device, context.hidden[1].dtype)
        scratch = yield from open_branch()
        target = _Target(scratch, context.hidden[1].dtype)
        reading, blocks = yield from _read(own, target, context)
        if blocks is None:
            yield from drop(scratch)
            return Proposal(memory=reading)
        levels = min(context.length, context.nodes)
        tree = DraftTree(width, levels, own.shape.block, min(nodes, context.nodes), inputs.end_tokens)
        yield from _grow(own, target, blocks, tree)
        yield from drop(scratch)
        return replace(tree.proposal(), memory=reading)

    return Drafter(propose, length, (0, manifest.layers))


@dataclass(frozen=True, slots=True)
class _Target:
    """The target's embeddings and head. branch: an empty branch of the target. dtype: of its hidden states."""

    branch: int
    dtype: torch.dtype

    def embeddings(self, tokens: list[int]) -> Decoding[Tensor]:
        """[tokens, hidden size]."""
        output = yield from forward(Forward(self.branch, tokens, layers=0, hidden=(0,), logits=0))
        return output.hidden[0]

    def logits(self, features: Tensor) -> Decoding[Tensor]:
        """[…, vocabulary] of features […, hidden size]."""
        rows = features.flatten(0, -2).to(self.dtype)
        output = yield from forward(Forward(self.branch, (0,) * len(rows), rows, layers=0, logits=ALL))
        return output.logits.view(*features.shape[:-1], -1)


def _read(
    network: FalconNetwork, target: _Target, context: DraftContext
) -> Decoding[tuple[ReadState, PredictedBlocks | None]]:
    """Reads the tokens that the target computed since the last call, and predicts the next block."""
    before, features = context.hidden
    last = yield from target.embeddings(context.tokens[-1:].tolist())
    embeddings = torch.cat((before[1:], last))
    reading: ReadState = context.last.memory if context.last else ReadState()
    return read_further(network, reading, _like(network, unit(features)), _like(network, unit(embeddings)))


def _grow(network: FalconNetwork, target: _Target, blocks: PredictedBlocks, tree: DraftTree) -> Decoding[None]:
    """Grows the tree block by block, until it has its levels or no path can be continued."""
    size, paths = network.shape.block, [Path()]
    for start in range(0, tree.levels, size):
        if start:
            rows = {path: row for row, path in enumerate(paths)}
            paths = tree.leaves(start)
            if not paths:
                return
            sources = [rows[path[: start - size]] for path in paths]
            tokens = [token for path in paths for token in tree.along(path, size)]
            embeddings = unit((yield from target.embeddings(tokens))).view(len(paths), size, -1)
            guessed = blocks.features[sources]
            blocks = predict_after(network, blocks, sources, _like(network, guessed), _like(network, embeddings))
        wanted = blocks.features[:, : tree.levels - start]
        found: list[RankedTokens] = rank_tokens((yield from target.logits(wanted)), tree.width)
        tree.grow(dict(zip(paths, found, strict=True)))


def _like(network: FalconNetwork, x: Tensor) -> Tensor:
    return x.to(next(network.parameters()).dtype)


@lru_cache(maxsize=4)
def _placed(network: FalconNetwork, device: torch.device, dtype: torch.dtype) -> FalconNetwork:
    """The network on the target's device, in the target's precision."""
    return deepcopy(network).to(device, dtype)
