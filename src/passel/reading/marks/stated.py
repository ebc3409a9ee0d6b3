"""All statements of an answer in a text, the most trusted first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from passel.reading.final_part import final_part
from passel.reading.marks.forms import forms
from passel.reading.marks.sentences import sentences
from passel.reading.marks.statement import Statement, Trust

__all__ = ["first_line", "last_line", "stated", "statements", "without_run_on"]

_RUN_ON = re.compile(
    r"\n\s*(?:#+\s*|\*\*)?(?:question|q|problem|exercise|example|instruction|human|user|input)\b\s*\d*\s*\**\s*[:：.]\s*\S",
    re.IGNORECASE,
)
_LONGEST = 1_000_000  # characters: an answer is looked for at the end of a longer text


def statements(text: str) -> Iterator[Statement]:
    """Yields the statements of an answer, the most trusted first, and of one trust the last first; at the end, with the
    trust LINE, the last line. A text whose thought is not closed states nothing.

    >>> [statement.content for statement in statements("The answer is 5.\\n#### 6")]
    ['6', '5.\\n#### 6', '#### 6']
    """
    part = final_part(text[-_LONGEST:])
    if part is None or not part.strip():
        return
    part = without_run_on(part)
    yield from forms(part)
    yield from sentences(part)
    line = last_line(part)
    yield Statement(part.rfind(line), line, Trust.LINE, bounded=True)


def stated(text: str) -> Iterator[str]:
    """Yields what forms and sentences state, the most trusted first; after a sentence all the rest of the text."""
    for statement in statements(text):
        if statement.trust >= Trust.SENTENCE:
            yield statement.content.strip()


def first_line(text: str) -> str:
    """Returns the first line that is not blank, or ""."""
    return text.strip().partition("\n")[0].strip()


def without_run_on(text: str) -> str:
    """Cuts what a base model goes on with after its answer: another "Question: …" of its own. Only what follows a
    stated answer is cut, for a question before it may be a step of the reasoning.
    """
    for match in _RUN_ON.finditer(text):
        before = text[: match.start()]
        if any(True for _ in forms(before)) or any(True for _ in sentences(before)):
            return before
    return text


def last_line(text: str) -> str:
    """Returns the last line that is not blank, or ""."""
    return text.strip().rpartition("\n")[2].strip()
