"""Plain sampling, as it is asked of the engine and as it comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from passel.core.ask import Sampling
from passel.engine.constraints import Matcher

__all__ = ["Completion", "Draw", "Ended", "TokenLogprobs"]

Ended = Literal["end", "stop", "length", "memory", "cancelled", "failed"]
"""end: an end token; stop: the listener said so; length: max_tokens or the context; memory: the cache is too small;
failed: the engine broke."""

TokenLogprobs = tuple[float, tuple[tuple[int, float], ...]]
"""A drawn token's log-probability, and the most likely ids in its place with theirs."""


@dataclass(slots=True, eq=False)
class Draw:
    """One text to draw.

    Args:
        prompt: token ids, at least one.
        sampling: temperature and the like, with max_tokens set.
        seed: 64 bits; with the prompt it decides the text, whatever is drawn beside it (up to rounding, for sums over a
            larger batch are rounded in another order).
        end: tokens that end the text; they are its last, and count.
        constraint: what the text must fit, made by the engine's constraints.
        listen: told each token as it comes; True ends the text. None where nobody listens, which is faster.
        done: told the completion, once.
    """

    prompt: tuple[int, ...]
    sampling: Sampling
    seed: int
    end: frozenset[int]
    constraint: Matcher | None = None
    listen: Callable[[int], bool] | None = None
    done: Callable[[Completion], None] | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """A text drawn.

    Args:
        tokens: ids, with the one that ended it if any.
        ended: why it ended.
        cached: tokens of the prompt that were not computed for it.
        logprobs: of each token, where sampling asks for them.
    """

    tokens: tuple[int, ...]
    ended: Ended
    cached: int = 0
    logprobs: tuple[TokenLogprobs, ...] = ()
