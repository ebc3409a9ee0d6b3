"""Records in a model's reply: JSON objects read with repair, so that one bad record does not lose the others."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

__all__ = ["records"]

_BAD_ESCAPE = re.compile(r'\\(?!["\\/bnrtu])')
_COMMA = re.compile(r",\s*([}\]])")


def records(text: str, fields: Sequence[str]) -> list[Mapping[str, Any]]:
    """The objects of a reply that hold the first of these fields, in order.

    An object that is no JSON is repaired (commas too many, Python's quotes, stray backslashes). What cannot be, or was
    cut, is searched for `field: value` pairs; then values are text, up to the next comma or quote.

    >>> records('[{"step": 1, "label": "right"}, {"step": 2, "label": wrong', ("step", "label"))
    [{'step': 1, 'label': 'right'}, {'step': '2', 'label': 'wrong'}]
    """
    found: list[Mapping[str, Any]] = []
    for piece in _pieces(text, fields[0]):
        read = _read(piece)
        found.append(_pairs(piece, fields) if read is None or fields[0] not in read else read)
    return [record for record in found if fields[0] in record]


def _pieces(text: str, first: str) -> Iterator[str]:
    """The text in pieces that hold the first field once, each from a brace where there is one."""
    places = [match.start() for match in re.finditer(rf"\b{first}\b\W{{0,3}}[:=]", text, re.IGNORECASE)]
    begins: list[int] = []
    for place, before in zip(places, [0, *places], strict=False):
        brace = text.rfind("{", before, place)
        begins.append(place if brace < 0 else brace)
    yield from (text[begin:end] for begin, end in zip(begins, [*begins, len(text)][1:], strict=True))


def _read(piece: str) -> Mapping[str, Any] | None:
    end = piece.rfind("}") + 1
    body = _COMMA.sub(r"\1", _BAD_ESCAPE.sub(r"\\\\", piece[:end]))
    while body:
        for parse in (json.loads, ast.literal_eval):
            try:
                value = parse(body)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            return cast(Mapping[str, Any], value) if isinstance(value, dict) else None
        body = body[: body.rfind("}", 0, len(body) - 1) + 1]  # a brace of the text after it
    return None


def _pairs(piece: str, fields: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        pair = rf"\b{field}\b[\"']?\s*[:=]\s*(?:\"([^\"]*)|'([^']*)|\[([^\]}}]*)|([^,}}\n\"]*))"
        if match := re.search(pair, piece, re.IGNORECASE):
            found[field] = next((group for group in match.groups() if group is not None), "").strip()
    return found
