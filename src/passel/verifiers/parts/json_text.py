"""The JSON value that a text holds, read strictly and without harm."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["json_of"]

_OPENING = re.compile(r"[{\[]")
_BLOCKS, _STARTS = 16, 64  # how often a text that is no JSON is tried


def json_of(text: str) -> tuple[Any] | None:
    """The value in a tuple, for it may be null: the whole text, else the last fenced block that is JSON, else the first
    object or array in the text. None if there is none.

    A name that occurs twice in an object, NaN, infinite numbers and half characters are no JSON here.
    """
    for part in _wholes(text):
        if (found := _read(part, 0, whole=True)) is not None:
            return found
    starts = [match.start() for match, _ in zip(_OPENING.finditer(text), range(_STARTS), strict=False)]
    return next((found for start in starts if (found := _read(text, start, whole=False)) is not None), None)


def _wholes(text: str) -> Iterator[str]:
    yield text.strip()
    for block in text.split("```")[1::2][: -_BLOCKS - 1 : -1]:
        language, line, rest = block.partition("\n")
        yield (rest if line and language.strip().isalnum() else block).strip()


def _read(text: str, start: int, *, whole: bool) -> tuple[Any] | None:
    try:
        value, end = _DECODER.raw_decode(text, start)
        json.dumps(value, ensure_ascii=False).encode()  # half a character fails here
    except (ValueError, RecursionError):
        return None
    return (value,) if end == len(text) or not whole else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("beyond a double's range")
    return number


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse)
