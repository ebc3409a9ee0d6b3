"""Rows that hold a question in one field and its gold answer in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from passel.tasks.parts.files import Row
from passel.tasks.parts.task import Item, Kind

__all__ = ["question_and_answer", "question_and_number", "whole"]


def question_and_answer(
    question: str,
    answer: str,
    kind: Kind,
    *,
    id: str | None = None,  # noqa: A002
    details: Mapping[str, str] | None = None,
) -> Callable[[int, Row], Item]:
    """An item from fields by name; `details` maps a detail's name to its field."""

    def item(index: int, row: Row) -> Item:
        told = {name: row[theirs] for name, theirs in (details or {}).items() if theirs in row}
        name = str(row[id]) if id and id in row else str(index)
        return Item(name, row[question].strip(), str(row[answer]).strip(), kind, details=told)

    return item


def question_and_number(question: str, answer: str, kind: Kind) -> Callable[[int, Row], Item]:
    """As question_and_answer, for answers that the file holds as floating-point numbers."""

    def item(index: int, row: Row) -> Item:
        return Item(str(index), row[question].strip(), whole(row[answer]), kind)

    return item


def whole(value: Any) -> str:
    """A number as a person writes it: 72 for 72.0."""
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)
