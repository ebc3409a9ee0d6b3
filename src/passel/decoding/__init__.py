"""Decoding methods: one file each, found by its file name. A method is a generator of forwards, from an opening to one
or more drafts; the engine runs it, and batches its forwards with those of all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from passel.core.find import find
from passel.core.key import Key
from passel.core.options import bind, configured, parameters, split_spec
from passel.decoding.parts.opening import Draft, Opening
from passel.engine.forward import Decoding

__all__ = ["Bound", "Decoder", "Draft", "NamedDecoder", "Opening", "load"]


class Decoder(Protocol):
    """`def name(opening, *, key, …) -> Decoding[tuple[Draft, ...]]`; what follows the key are its options."""

    def __call__(self, opening: Opening, *, key: Key, **options: Any) -> Decoding[tuple[Draft, ...]]: ...


class Bound(Protocol):
    """A decoding method with its options set."""

    def __call__(self, opening: Opening, *, key: Key) -> Decoding[tuple[Draft, ...]]: ...


@dataclass(frozen=True, slots=True)
class NamedDecoder:
    """A decoding method with its options.

    Args:
        name: as the user wrote it.
        make: from an opening and a key to its work.
        options: all of them, with the defaults.
    """

    name: str
    make: Bound
    options: Mapping[str, Any]


def load(name: str, options: Mapping[str, str] | None = None) -> NamedDecoder:
    """`NAME[:option=value…]`, an entry point of the group `passel.decoding` or `path.py:function`, with more options as
    text. Raises UsageError that names the nearest valid name or option."""
    parts, texts = split_spec(name)
    make = find("decoding", ":".join(parts))
    given = bind(make, texts | dict(options or {}), f"decoder {parts[0]}")
    known = {option: default for option, (_, default) in parameters(make).items()}
    return NamedDecoder(name, cast(Bound, configured(make, given)), known | given)
