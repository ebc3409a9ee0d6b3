"""SQL as tokens: enough to compare queries by their text, and to find where a query begins and ends. Linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["normal", "ordered", "statement"]

_TOKEN = re.compile(
    r"(?P<gap>\s++|--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)"
    r"|(?P<quoted>'(?:[^']|'')*+'?|\"(?:[^\"]|\"\")*+\"?|`(?:[^`]|``)*+`?|\[[^\]]*+\]?)"
    r"|(?P<word>[^\W\d]\w*+)"
    r"|(?P<other>\d[\w.]*+|.)",
    re.DOTALL,
)
_BEGIN = re.compile(
    r"\b(?:SELECT\b|VALUES\s*\(|WITH\s+(?:RECURSIVE\s+)?[\w\"`\[\]]+\s*(?:\([^()]{0,500}\)\s*)?AS\s*"
    r"(?:(?:NOT\s+)?MATERIALIZED\s*)?\()",
    re.IGNORECASE,
)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


def _tokens(query: str) -> Iterator[re.Match[str]]:
    return (token for token in _TOKEN.finditer(query) if token.lastgroup != "gap")


def normal(query: str) -> str:
    """The query with single spaces, keywords and plain names in lower case, no comments and no last semicolon.

    >>> normal("SELECT  COUNT(*) FROM Books -- all\\n WHERE title = 'A  B';")
    "select count ( * ) from books where title = 'A  B'"
    """
    words = [t.group().lower() if t.lastgroup == "word" else t.group() for t in _tokens(query)]
    while words and words[-1] == ";":
        words.pop()
    return " ".join(words)


def ordered(query: str) -> bool:
    """Whether the query as a whole fixes the order of its rows: an ORDER BY outside of every bracket.

    >>> ordered("SELECT a FROM t ORDER BY a"), ordered("SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 2)")
    (True, False)
    """
    depth, before = 0, ""
    for token in _tokens(query):
        word = token.group().lower()
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0 and before == "order" and word == "by":
            return True
        before = word
    return False


def statement(text: str) -> str:
    """The last statement that a text holds: from SELECT, WITH … AS ( or VALUES ( to a semicolon, a blank line or the
    end; "" if there is none. A SELECT inside it does not begin another."""
    found, start = "", 0
    while begin := _BEGIN.search(text, start):
        start = _end(text, begin.start())
        found = text[begin.start() : start]
    return found.strip()


def _end(text: str, start: int) -> int:
    for token in _TOKEN.finditer(text, start):
        if token.group() == ";":
            return token.start()
        if token.lastgroup == "gap" and _BLANK_LINE.search(token.group()):
            return token.start()
    return len(text)
