"""Packs Python values as JSON and unpacks them, with the types that JSON lacks. Runs inside the sandbox and outside."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, cast

__all__ = ["Digest", "Opaque", "pack", "pack_or_digest", "unpack"]

_MAX_PACKED = 4000  # characters of JSON: a longer value is represented by its digest


def pack(value: Any) -> Any:
    """A value as JSON that tells lists, tuples, sets and dicts apart. A value of any other type becomes the name of its
    type."""
    kind = cast(type[Any], type(value))
    if value is None or kind is bool or kind is str or (kind is list and _plain(value)):
        return value
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, int):
        number = int.__int__(value)
        return number if -(10**300) < number < 10**300 else {"i": hex(number)}
    if issubclass(kind, float):
        number = float.__float__(value)
        return number if math.isfinite(number) else {"f": repr(number)}
    if kind is complex:
        return {"c": [repr(value.real), repr(value.imag)]}
    return _pack_container(value, cast(type[Any], kind))


def _plain(items: list[Any]) -> bool:
    """Whether no item needs packing; quick for long lists."""
    if not set(map(type, items)) <= {int, float, str, type(None), bool}:
        return False
    return all(type(item) not in (int, float) or -1e300 < item < 1e300 for item in items)


def _pack_container(value: Any, kind: type[Any]) -> Any:
    if issubclass(kind, list):
        return [pack(item) for item in cast(Iterator[Any], list.__iter__(value))]
    if issubclass(kind, tuple):
        return {"t": [pack(item) for item in cast(Iterator[Any], tuple.__iter__(value))]}
    if issubclass(kind, (set, frozenset)):
        items = cast(Iterator[Any], (set if issubclass(kind, set) else frozenset).__iter__(value))
        return {"s": sorted((pack(item) for item in items), key=json.dumps)}
    if issubclass(kind, dict):
        return {
            "d": sorted(
                ([pack(key), pack(item)] for key, item in cast(Iterable[tuple[Any, Any]], dict.items(value))),
                key=json.dumps,
            )
        }
    if issubclass(kind, (bytes, bytearray)):
        return {"b": value.hex()}
    if kind.__module__ == "numpy" and not hasattr(value, "__len__"):
        return pack(value.item())
    return {"o": kind.__name__}


def pack_or_digest(value: Any) -> Any:
    """The packed value, or its digest where it is long. For the digest 1, 1.0 and True are equal."""
    if _size(value) <= _MAX_PACKED:
        packed = pack(value)
        if len(json.dumps(packed)) <= _MAX_PACKED:
            return packed
    return {"h": _digest(value).hex()}


def _size(value: Any) -> int:
    """The number of elements and characters in a value; counting stops at the limit."""
    waiting, size = [value], 0
    while waiting and size <= _MAX_PACKED:
        part = waiting.pop()
        size += len(cast(Sized, part)) if isinstance(part, (str, list, tuple, set, frozenset, dict)) else 1
        if size <= _MAX_PACKED and isinstance(part, (list, tuple, set, frozenset, dict)):
            waiting += cast(Iterable[Any], part)
            waiting += cast(Iterable[Any], part.values()) if isinstance(part, dict) else ()
    return size


def _digest(value: Any) -> bytes:
    """The digest, element by element: to pack a million tuples takes gigabytes."""
    digest = hashlib.sha256()
    if isinstance(value, (list, tuple)):
        items = cast(list[Any], value)
        digest.update(b"[" if isinstance(value, list) else b"(")
        if _plain(items):
            digest.update(json.dumps(_numbers(items)).encode())
        else:
            for item in items:
                digest.update(_token(item))
    elif isinstance(value, (set, frozenset)):
        digest.update(b"{" + b"".join(sorted(map(_digest, cast(Iterable[Any], value)))))
    elif isinstance(value, dict):
        pairs = cast(Iterable[tuple[Any, Any]], dict.items(cast(dict[Any, Any], value)))
        digest.update(b":" + b"".join(sorted(_digest(key) + _digest(item) for key, item in pairs)))
    else:
        digest.update(_token(value))
    return digest.digest()


def _numbers(items: list[Any]) -> list[Any]:
    if not {float, bool} & set(map(type, items)):
        return items
    return [int(item) if isinstance(item, (bool, float)) and item == item // 1 else item for item in items]


def _token(value: Any) -> bytes:
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        return _digest(value)
    packed = pack(_numbers([value])[0])
    if isinstance(packed, dict) and "o" in packed:
        raise TypeError(f"a {packed['o']} in a long output")
    text = json.dumps(packed).encode()
    return b"%d:%s" % (len(text), text)


class Opaque:
    """A value of a type that cannot be packed: it equals nothing."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __eq__(self, other: object) -> bool:
        return False


class Digest(str):
    """Represents a long value; equal to the digest of an equal value."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other


_UNPACK: dict[str, Callable[[Any], Any]] = {
    "i": lambda inner: int(inner, 16),
    "f": float,
    "c": lambda inner: complex(float(inner[0]), float(inner[1])),
    "t": lambda inner: tuple(map(unpack, inner)),
    "s": lambda inner: set(map(unpack, inner)),
    "d": lambda inner: {unpack(key): unpack(value) for key, value in inner},
    "b": bytes.fromhex,
    "o": Opaque,
    "h": Digest,
}


def unpack(packed: Any) -> Any:
    """The value that was packed; raises ValueError, TypeError or LookupError for anything else."""
    if isinstance(packed, list):
        return [unpack(item) for item in cast(list[Any], packed)]
    if isinstance(packed, dict):
        ((kind, inner),) = cast(dict[str, Any], packed).items()
        return _UNPACK[kind](inner)
    return packed
