"""Where a text states its final answer: "The answer is …", "#### …", \\boxed{…}, <answer>…</answer>."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["boxed", "first_line", "last_line", "plain", "stated"]

_MARK = re.compile(
    r"answer(?:\*\*)?\s*(?:is(?![a-z])|:|=)\s*:?(?:\*\*)?"  # The answer is: 5; **Answer:** 5
    r"|####"  # GSM8K
    r"|\\boxed\s*\{"
    r"|<answer>",
    re.IGNORECASE,
)
_BOXED = re.compile(r"\\boxed\s*\{")
_MOST = 8


def stated(text: str) -> Iterator[str]:
    """What follows each mark of a final answer, the last mark first, at most 8 of them; none is empty.

    After a sentence mark this is the rest of the text: how much of it is the answer depends on the kind of answer.
    """
    for mark in [*_MARK.finditer(text)][: -_MOST - 1 : -1]:
        opening = mark.group().lower()
        if opening == "<answer>":
            end = text.lower().find("</answer>", mark.end())
            found = text[mark.end() : end if end >= 0 else None]
        elif opening.startswith("\\"):
            found = _until_closed(text, mark.end())
        else:
            found = text[mark.end() :]
        if found := found.strip():
            yield found


def boxed(text: str) -> str | None:
    """What the last \\boxed{…} of a text holds, or None."""
    marks = [*_BOXED.finditer(text)]
    return _until_closed(text, marks[-1].end()).strip() if marks else None


def _until_closed(text: str, start: int) -> str:
    depth = 1
    for brace in re.compile(r"(?<!\\)[{}]").finditer(text, start):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return text[start : brace.start()]
    return text[start:].partition("\n")[0]  # the text was cut off inside the box


def first_line(text: str) -> str:
    """The first line that is not blank, or ""."""
    return text.strip().partition("\n")[0].strip()


def last_line(text: str) -> str:
    """The last line that is not blank, or ""."""
    return text.strip().rpartition("\n")[2].strip()


def plain(text: str) -> str:
    """Without the marks that models put around an answer (emphasis, quotes, dollars, one full stop).

    >>> plain('**"Zaire"**.')
    'Zaire'
    """
    text = text.strip().removesuffix(".").strip(" \t\n*`$“”\"'")
    return text.removesuffix(".").rstrip()
