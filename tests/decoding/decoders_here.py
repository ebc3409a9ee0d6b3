"""Openings for the tiny model, and a way to run a decoding method that checks the engine after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tiny_models import engine_of

from passel.core.ask import Sampling
from passel.decoding import Draft, Opening
from passel.engine import Decoding

__all__ = ["LLAMA", "opening", "run"]

LLAMA = (3, 14, 15, 9, 26, 5, 35, 8)


def opening(
    *,
    prompt: tuple[int, ...] = LLAMA,
    max_tokens: int = 10,
    end: Iterable[int] = (),
    sampling: Sampling = Sampling(),
    encode: Callable[[str], tuple[int, ...]] | None = None,
) -> Opening:
    """Tokens are characters: the code of each, modulo the vocabulary."""
    encode = encode or (lambda text: tuple(ord(letter) % 64 for letter in text))
    return Opening(prompt, max_tokens, frozenset(end), sampling, encode, lambda ids: "".join(map(chr, ids)))


def run(method: Decoding[Any], family: str = "llama") -> tuple[Draft, ...]:
    """Its drafts. Raises AssertionError where it leaves the engine's cache in disorder."""
    engine = engine_of(family)
    drafts = engine.run(method)
    engine.close()
    cache = engine._scheduler.cache
    cache.check()
    assert cache.branches == 0
    return drafts
