"""Requests for sampled texts, and their completions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from passel.core.ask import Sampling
from passel.engine.constraints import Matcher

__all__ = ["Completion", "Ended", "SampleRequest", "TokenLogprobs"]

Ended = Literal["end", "stop", "length", "memory", "cancelled", "failed"]
"""end: an end token; stop: `on_token` returned True; length: max_tokens or the context; memory: the cache is too small;
failed: the engine broke."""

TokenLogprobs = tuple[float, tuple[tuple[int, float], ...]]
"""A sampled token's log-probability, and the most likely token ids at its place with theirs."""


@dataclass(slots=True, eq=False)
class SampleRequest:
    """A request for one sampled text.

    Args:
        prompt: token ids, at least one.
        sampling: temperature and the like, with max_tokens set.
        seed: 64 bits; with the prompt it decides the text, whatever is sampled at the same time (up to rounding: sums
            over a larger batch can be rounded in another order).
        end: tokens that end the text; the end token is the text's last token, and counts.
        constraint: what the text must fit, made by the engine's constraints.
        on_token: called with each token as it comes; returns True to end the text. None is faster.
        on_done: called once, with the completion.
        cancelled: set it to end the text at the engine's next step.
    """

    prompt: tuple[int, ...]
    sampling: Sampling
    seed: int
    end: frozenset[int]
    constraint: Matcher | None = None
    on_token: Callable[[int], bool] | None = None
    on_done: Callable[[Completion], None] | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """A sampled text.

    Args:
        tokens: ids, with the end token if there was one.
        ended: why the text ended.
        cached: tokens of the prompt that were not computed for it.
        logprobs: of each token, where `sampling` requests them.
    """

    tokens: tuple[int, ...]
    ended: Ended
    cached: int = 0
    logprobs: tuple[TokenLogprobs, ...] = ()
