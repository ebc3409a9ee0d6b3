"""Decoding methods: one file each, found by its file name. A method is a generator of forwards, from a prompt to one or
more texts; the engine runs it, and batches its forwards with those of all other methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from passel.core.configured import Configured
from passel.core.configured import load as load_from
from passel.core.key import Key
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.requests import Decoding

__all__ = ["Bound", "Configured", "Decoded", "Decoder", "DecodingInput", "load"]


class Decoder(Protocol):
    """`def name(inputs, *, key, …) -> Decoding[tuple[Decoded, ...]]`; the parameters after the key are its options."""

    def __call__(self, inputs: DecodingInput, *, key: Key, **options: Any) -> Decoding[tuple[Decoded, ...]]: ...


class Bound(Protocol):
    """A decoding method with its options set."""

    def __call__(self, inputs: DecodingInput, *, key: Key) -> Decoding[tuple[Decoded, ...]]: ...


def load(spec: str, options: Mapping[str, str] | None = None) -> Configured[Bound]:
    """`NAME[:option=value…]`, an entry point of the group `passel.decoding` or `path.py:function`, with more options as
    text. Raises UsageError that names the nearest valid name or option."""
    return load_from("decoding", spec, options, noun="decoder")
