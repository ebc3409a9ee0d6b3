"""Items from rows that hold a question in a field and its gold answer in another field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from passel.tasks.parts.files import Row
from passel.tasks.parts.task import AnswerKind, Item

__all__ = ["plain_number", "question_and_answer", "question_and_number"]


def question_and_answer(
    question: str,
    answer: str,
    kind: AnswerKind,
    *,
    id: str | None = None,  # noqa: A002
    details: Mapping[str, str] | None = None,
) -> Callable[[int, Row], Item]:
    """A function from an index and a row to an item. `details` maps the name of a detail to its field."""

    def item(index: int, row: Row) -> Item:
        present = {name: row[field] for name, field in (details or {}).items() if field in row}
        name = str(row[id]) if id and id in row else str(index)
        return Item(name, row[question].strip(), str(row[answer]).strip(), kind, details=present)

    return item


def question_and_number(question: str, answer: str, kind: AnswerKind) -> Callable[[int, Row], Item]:
    """As `question_and_answer`, for answers that the file holds as floating-point numbers."""

    def item(index: int, row: Row) -> Item:
        return Item(str(index), row[question].strip(), plain_number(row[answer]), kind)

    return item


def plain_number(value: Any) -> str:
    """A number as a person writes it: 72 for 72.0."""
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)
