"""A tiny masked-diffusion model with a guide beside it, and block-wise denoising from scratch, in transformers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from tiny_models import CONTEXT, model_of
from torch import Tensor

from passel.core.steps import rewritten
from passel.decoding import Decoded, DecodingInput
from passel.engine import Decoding, Engine, read
from passel.engine.cached_network import model_and_row
from passel.engine.masked import MaskedDiffusion
from passel.engine.requests import Forward

__all__ = [
    "DECODERS",
    "MASK",
    "Seen",
    "denoised",
    "infilled",
    "logits_of",
    "masked_engine",
    "masked_inputs",
    "run_masked",
]

MASK = 63
DECODERS = frozenset({"free_cache", "guided_diffusion"})
"""Decoders that take such a model."""


def masked_engine(*, seed: int = 0, guide: int = 1, shifted: bool = False, **settings: Any) -> Engine:
    """A Llama with random weights that is declared one, and another as its guide (by its seed)."""
    parts = replace(read(model_of("llama", seed), CONTEXT), masked=MaskedDiffusion(MASK, shifted))
    settings = {"context": CONTEXT, "memory": 8 << 20, **settings}
    return Engine(parts, other_models=[read(model_of("llama", guide), CONTEXT)], **settings)


def masked_inputs(inputs: DecodingInput, *, shifted: bool = False) -> DecodingInput:
    """The same for such a model."""
    return replace(inputs, masked=MaskedDiffusion(MASK, shifted), extra_models=1)


class Seen:
    """What a decoding asked of the engine's own model and of its guide: new tokens of each pass."""

    def __init__(self) -> None:
        self.own: list[int] = []
        self.guide: list[int] = []

    def watch(self, decoding: Decoding[Any]) -> Decoding[Any]:
        """The same decoding, counted."""

        def note(asks: Any) -> Any:
            for ask in asks:
                if isinstance(ask, Forward):
                    (self.guide if model_and_row(ask.branch)[0] else self.own).append(len(ask.tokens))
            return asks

        flow: Any = decoding
        return rewritten(flow, note)


def run_masked(decoding: Decoding[Any], seen: Seen | None = None, **how: Any) -> Decoded:
    """Its draft. Raises AssertionError where it leaves the engine's cache in disorder."""
    engine = masked_engine(**how)
    (draft,) = engine.run((seen or Seen()).watch(decoding))
    engine.close()
    for side in engine._scheduler.models:
        side.cache.check()
        assert side.cache.branches == 0
    return draft


def logits_of(tokens: Sequence[int], seed: int = 0) -> Tensor:
    """float32 [tokens, vocabulary] by transformers, where all tokens see each other."""
    open_mask = torch.zeros(1, 1, len(tokens), len(tokens))
    with torch.no_grad():
        return model_of("llama", seed)(input_ids=torch.tensor([list(tokens)]), attention_mask=open_mask).logits[0]


Logits = Callable[[Sequence[int]], Tensor]


def infilled(tokens: list[int], start: int, stop: int, count: int, shifted: bool, logits: Logits) -> None:
    """One step of low-confidence remasking, in the plainest way: the `count` surest of the masked places."""
    rows = logits(tokens)
    rows = torch.cat((rows[:1], rows[:-1])) if shifted else rows
    rows = rows.clone()
    rows[:, MASK] = float("-inf")
    chances = rows.softmax(-1)
    surest = sorted((-float(chances[at].max()), at) for at in range(start, stop) if tokens[at] == MASK)
    for _, at in surest[:count]:
        tokens[at] = int(chances[at].argmax())


def denoised(
    prompt: Sequence[int],
    length: int,
    *,
    block: int,
    steps: int,
    end: Iterable[int] = (),
    shifted: bool = False,
    logits: Logits = logits_of,
) -> tuple[int, ...]:
    """The answer that decoding without a cache gives, all blocks to the end, cut at its end token."""
    tokens = [*prompt, *[MASK] * length]
    for start in range(len(prompt), len(tokens), block):
        stop = min(start + block, len(tokens))
        left = min(steps, stop - start)
        while hidden := sum(token == MASK for token in tokens[start:stop]):
            infilled(tokens, start, stop, -(-hidden // left), shifted, logits)
            left -= 1
    answer = tokens[len(prompt) :]
    ends = [at + 1 for at, token in enumerate(answer) if token in set(end)]
    return tuple(answer[: min(ends, default=length)])
