"""Is the distribution after mixed inputs the mean of those after each input alone?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from passel.engine import Decoding
from passel.engine.requests import ALL, Forward, Output, forward, open_branch

__all__ = ["alike", "distributions", "mixed_inputs"]


def distributions(
    prompt: Sequence[int], drafts: Sequence[Sequence[int]], random: Sequence[Sequence[int]]
) -> Decoding[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Distributions [steps, vocabulary] after 1, 2, … tokens of the drafts: the mean of those after each draft alone,
    the one after the drafts mixed by equal weights, and the one after `random` tokens mixed so."""
    alone: list[torch.Tensor] = []
    for draft in drafts:
        alone.append((yield from _after(prompt, Forward(0, tuple(draft), logits=ALL))))
    mixes = [mixed_inputs(drafts), mixed_inputs(random)]
    found: list[torch.Tensor] = []
    for mix in mixes:
        found.append((yield from _after(prompt, Forward(0, (0,) * len(mix), mix=mix, logits=ALL))))
    return torch.stack(alone).mean(0), found[0], found[1]


def mixed_inputs(texts: Sequence[Sequence[int]]) -> tuple[tuple[tuple[int, float], ...], ...]:
    """The texts' tokens, step by step, by equal weights."""
    return tuple(tuple((token, 1 / len(texts)) for token in column) for column in zip(*texts, strict=True))


def alike(a: torch.Tensor, b: torch.Tensor, top: int = 200) -> tuple[list[float], list[float]]:
    """Of each step: the cosine of two distributions, and the rank correlation of a's `top` likeliest tokens."""
    cosine = torch.cosine_similarity(a, b, dim=-1).tolist()
    ranks: list[float] = []
    for x, y in zip(a, b, strict=True):
        tokens = x.topk(top).indices
        order = [np.argsort(np.argsort(values[tokens].double().numpy())) for values in (x, y)]
        ranks.append(float(np.corrcoef(*order)[0, 1]))
    return cosine, ranks


def _after(prompt: Sequence[int], ask: Forward) -> Decoding[torch.Tensor]:
    branch = yield from open_branch()
    yield from forward(Forward(branch, tuple(prompt), logits=0))
    output: Output = yield from forward(Forward(branch, ask.tokens, mix=ask.mix, logits=ALL))
    return output.logits.softmax(-1)
