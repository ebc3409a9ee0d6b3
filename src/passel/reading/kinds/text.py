"""Answers that are text: compared as prose, letter by letter, or without spaces."""

from __future__ import annotations

import re
from collections.abc import Callable

from passel.core.problem import Answer
from passel.reading.kinds.prose import exact, normal, plain, symbols
from passel.reading.marks import Trust, statements

__all__ = ["read_exact", "read_symbols", "read_text", "same_lines"]

_MAX_LINES = 12
_LATEX = re.compile(r"^\\(?:text|mathrm|mbox|textbf)\s*\{([^{}]*)\}$")


def read_text(text: str) -> Answer | None:
    """Returns the stated answer, else the last line, compared as `normal` text."""
    return _read(text, normal)


def read_exact(text: str) -> Answer | None:
    """Returns the stated answer, else the last line, compared letter by letter."""
    return _read(text, exact)


def read_symbols(text: str) -> Answer | None:
    """Returns the stated answer, else the last line, compared without spaces."""
    return _read(text, symbols, any_sign=True)


def same_lines(gold: str, answer: Answer, key: Callable[[str], str]) -> bool:
    """Whether the answer begins with all lines of a gold answer of several lines."""
    wanted = [line for line in gold.strip().split("\n") if line.strip()]
    given = [line for line in answer.text.split("\n") if line.strip()][: len(wanted)]
    return len(wanted) == len(given) and all(key(a) == key(plain(b)) for a, b in zip(wanted, given, strict=True))


def _read(text: str, key: Callable[[str], str], *, any_sign: bool = False) -> Answer | None:
    """The key is that of the first line; the text keeps the lines after it, for gold answers of several lines."""
    for statement in statements(text):
        if statement.trust is Trust.REMARK:
            continue
        speaks = str.strip if any_sign else _speaks
        lines = [line for line in statement.content.split("\n", _MAX_LINES)[:_MAX_LINES] if speaks(line)]
        if not lines:
            continue
        first = _LATEX.sub(r"\1", plain(lines[0]))
        if first and (found := key(first)):
            whole = [first, *lines[1:]] if statement.trust is not Trust.LINE else [first]
            return Answer("\n".join(whole) if len(whole) > 1 else first, found)
    return None


def _speaks(line: str) -> bool:
    """Whether a line holds more than punctuation."""
    return any(character.isalnum() or character in "+-/%€$£√∞∅" for character in line)
