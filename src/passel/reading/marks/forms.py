"""Forms that a prompt asks an answer to be given in: \\boxed{…}, #### …, <answer>…</answer>, {"answer": …}."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from passel.reading.marks.statement import Statement, Trust

__all__ = ["boxed", "forms"]

_FORM = re.compile(
    r"(?P<box>\\(?:boxed|fbox)\s*(?=[{\w\\-]))"
    r"|(?P<hashes>^[ \t]*####[ \t]*(?!#))"
    r"|(?P<tag><(?:final_)?answer>)"
    r'|(?P<json>"(?:final[_ ]?)?answer"\s*:\s*)',
    re.IGNORECASE | re.MULTILINE,
)
_BRACE = re.compile(r"(?<!\\)[{}]")
_BARE = re.compile(r"\\?[\w.+-]+")
_SIGNS = ("boxed", "####", "nswer>", 'nswer"', "NSWER>", 'NSWER"', "fbox")
_MAX_FORMS = 8
_MAX_JSON = 20_000  # characters of a value


def forms(text: str) -> Iterator[Statement]:
    """Yields what the forms hold, the last form first, at most 8 of them; none is empty.

    A box in a tag, or in a box, is the answer of both.
    """
    if not any(sign in text for sign in _SIGNS):
        return
    for mark in [*_FORM.finditer(text)][: -_MAX_FORMS - 1 : -1]:
        kind = mark.lastgroup or ""
        content = _content(kind, text, mark.end()).strip()
        if kind in ("tag", "box") and (inner := boxed(content)):
            content = inner
        if content:
            yield Statement(mark.start(), content, Trust.FORM, bounded=True)


def boxed(text: str) -> str | None:
    """Returns what the last \\boxed{…} of a text holds, with boxes inside it opened; None where there is none."""
    found: str | None = None
    while "boxed" in (rest := text if found is None else found):
        marks = [mark for mark in _FORM.finditer(rest) if mark.lastgroup == "box"]
        if not marks:
            break
        found = _box(rest, marks[-1].end()).strip()
    return found


def _content(kind: str, text: str, start: int) -> str:
    match kind:
        case "box":
            return _box(text, start)
        case "hashes":
            return text[start:].partition("\n")[0]
        case "json":
            return _json(text, start)
        case _:
            end = re.compile(r"</(?:final_)?answer>", re.IGNORECASE).search(text, start)
            return text[start : end.start() if end else None]


def _box(text: str, start: int) -> str:
    if text[start] != "{":  # \\boxed 5
        match = _BARE.match(text, start)
        return match.group().removesuffix(".") if match else ""
    depth = 0
    for brace in _BRACE.finditer(text, start):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return text[start + 1 : brace.start()]
    return text[start + 1 :].partition("\n")[0]  # the text was cut off inside the box


def _json(text: str, start: int) -> str:
    try:
        value: Any = json.JSONDecoder().raw_decode(text[start : start + _MAX_JSON])[0]
    except (ValueError, RecursionError):
        return ""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
