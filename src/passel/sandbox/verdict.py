"""Reading what a worker reports. It may be anything: the code shares the worker's process."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, cast

from passel.sandbox.execution import Status

__all__ = ["MAX_DEPTH", "read_verdict"]

_STATUSES = ("ok", "error", "memory")  # the other statuses are seen from outside
MAX_DEPTH = 100
"""Levels of lists and objects in a value."""


def read_verdict(output: bytes | bytearray, token: str) -> tuple[Status, Any] | None:
    """Status and value in the first line with the token, if the line is whole; None while there is none.

    The value is fit for any JSON writer: finite numbers, text without lone surrogates. It is None if it has more than
    `MAX_DEPTH` levels.

    >>> read_verdict(b'junk\\nabc {"status": "ok", "value": [1]}\\n', "abc")
    ('ok', [1])
    """
    mark = token.encode() + b" "
    start = output.find(mark)
    end = output.find(b"\n", start)
    if start < 0 or end < 0:
        return None
    try:
        verdict = json.loads(output[start + len(mark) : end], parse_constant=_refuse)
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
    if depth > MAX_DEPTH:
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
