"""Reading what a worker says. It may be anything: the code shares its process."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, cast

from passel.sandbox.values import Status

__all__ = ["DEEPEST", "read"]

_STATUSES = ("ok", "error", "memory")  # what code can say of itself; the rest is seen from outside
DEEPEST = 100
"""Levels of lists and objects that a value may have."""


def read(said: bytes | bytearray, token: str) -> tuple[Status, Any] | None:
    """Status and value of the first line with the token, if it is whole; None while there is none.

    The value holds what any JSON writer takes: finite numbers, text without lone surrogates, `DEEPEST` levels; None
    otherwise.

    >>> read(b'junk\\nabc {"status": "ok", "value": [1]}\\n', "abc")
    ('ok', [1])
    """
    mark = token.encode() + b" "
    start = said.find(mark)
    end = said.find(b"\n", start)
    if start < 0 or end < 0:
        return None
    try:
        verdict = json.loads(said[start + len(mark) : end], parse_constant=_refuse)
    except (ValueError, RecursionError):
        return ("killed", None)
    if not isinstance(verdict, dict):
        return ("killed", None)
    fields = cast(dict[str, Any], verdict)
    status = fields.get("status")
    return (status, _clean(fields.get("value"))) if status in _STATUSES else ("killed", None)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


class _TooDeep(Exception):
    pass


def _clean(value: Any) -> Any:
    try:
        return _level(value, 0)
    except _TooDeep:
        return None


def _level(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise _TooDeep
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, list):
        return [_level(item, depth + 1) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        pairs = cast(dict[str, Any], value).items()
        return {key.encode("utf-8", "replace").decode(): _level(item, depth + 1) for key, item in pairs}
    return value
