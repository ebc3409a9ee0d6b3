"""Reading JSON of which nothing is promised: what has the wrong shape reads as if it were absent."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["count", "joined", "listing", "mapping", "number", "parse", "sound", "text_of"]


def parse(data: bytes | str) -> Any:
    """The JSON value of a body. Raises ValueError if it is malformed or nested past reason."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        value = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            value = json.loads(sound(json.dumps(value, ensure_ascii=False)))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def sound(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced, so that it can be written as UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def listing(value: Any) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def number(value: Any) -> float | None:
    """The value if it is a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value


def count(value: Any) -> int | None:
    """The value if it is a number of at least 0, as an integer, else None."""
    found = number(value)
    return None if found is None or found < 0 else int(found)


def joined(value: Any) -> str:
    """A message's content: a string, or the texts of its parts one after the other; null is empty."""
    if isinstance(value, str):
        return value
    return "".join(text_of(mapping(part).get("text")) for part in listing(value))


def text_of(value: Any) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""
