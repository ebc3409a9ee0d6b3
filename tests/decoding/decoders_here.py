"""Inputs for the tiny model, and a way to run a decoding method that checks the engine after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from masked_here import DECODERS as MASKED
from masked_here import masked_engine, masked_inputs
from tiny_models import engine_of

from passel.core.ask import Sampling
from passel.decoding import Decoded, DecodingInput
from passel.engine import Decoding, Engine

__all__ = ["LLAMA", "engine_for", "inputs", "inputs_for", "run"]

LLAMA = (3, 14, 15, 9, 26, 5, 35, 8)


def inputs(
    *,
    prompt: tuple[int, ...] = LLAMA,
    max_tokens: int = 10,
    end: Iterable[int] = (),
    sampling: Sampling = Sampling(),
    encode: Callable[[str], tuple[int, ...]] | None = None,
) -> DecodingInput:
    """Tokens are characters: the code of each, modulo the vocabulary."""
    encode = encode or (lambda text: tuple(ord(letter) % 64 for letter in text))
    return DecodingInput(prompt, max_tokens, frozenset(end), sampling, encode, lambda ids: "".join(map(chr, ids)))


def engine_for(name: str, **settings: Any) -> Engine:
    """An engine with a model of the kind that the method of this name takes."""
    return masked_engine(**settings) if name in MASKED else engine_of(**settings)


def inputs_for(name: str, given: DecodingInput) -> DecodingInput:
    """The same inputs for the kind of model that the method of this name takes."""
    return masked_inputs(given) if name in MASKED else given


def run(method: Decoding[Any], family: str = "llama", *, engine: Engine | None = None) -> tuple[Decoded, ...]:
    """The method's texts. Raises AssertionError if it leaves the engine's cache in disorder."""
    engine = engine or engine_of(family)
    texts = engine.run(method)
    engine.close()
    cache = engine._scheduler.cache
    cache.check()
    assert cache.branches == 0
    return texts
