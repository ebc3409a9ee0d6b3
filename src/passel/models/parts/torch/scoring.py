"""Log-probabilities of given continuations, and vectors of texts, as small decoding flows."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from passel.engine.requests import ALL, Decoding, Forward, Output, fork, forward, forwards, open_branch

__all__ = ["embeddings", "scores"]


def scores(prompt: Sequence[int], continuations: Sequence[Sequence[int]]) -> Decoding[tuple[tuple[float, ...], int]]:
    """The log-probability of each continuation after the prompt, which is computed once; and the prompt tokens that
    were in the cache already."""
    branch = yield from open_branch()
    first = yield from forward(Forward(branch, tuple(prompt)))
    heads = first.logits[-1].log_softmax(-1)
    longer = [tokens for tokens in continuations if len(tokens) > 1]
    branches: list[int] = []
    for _ in longer:
        branches.append((yield from fork(branch)))
    asks = [Forward(at, tuple(tokens[:-1]), logits=ALL) for at, tokens in zip(branches, longer, strict=True)]
    outputs: list[Output] = (yield from forwards(asks)) if asks else []
    rest = iter(outputs)
    found: list[float] = []
    for tokens in continuations:
        total = float(heads[tokens[0]]) if tokens else 0.0
        if len(tokens) > 1:
            logits = next(rest).logits.log_softmax(-1)
            total += float(logits.gather(1, torch.tensor([tokens[1:]]).to(logits.device).T).sum())
        found.append(total)
    return tuple(found), first.cached


def embeddings(texts: Sequence[Sequence[int]], layers: int) -> Decoding[tuple[tuple[float, ...], ...]]:
    """A unit vector for each text: the mean of its tokens' last hidden states."""
    asks: list[Forward] = []
    for tokens in texts:
        branch = yield from open_branch()
        asks.append(Forward(branch, tuple(tokens), logits=0, hidden=(layers,)))
    outputs = yield from forwards(asks)
    vectors: list[list[float]] = [
        torch.nn.functional.normalize(output.hidden[0].float().mean(0), dim=0).tolist() for output in outputs
    ]
    return tuple(map(tuple, vectors))
