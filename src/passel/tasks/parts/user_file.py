"""The task in a user's JSONL or CSV file, with a question and an answer in each row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from passel.core.errors import UsageError
from passel.reading.kinds.label import label_set
from passel.reading.kinds.letter import LABELS, LetterReader, with_options
from passel.reading.kinds.numerals import number
from passel.tasks.parts.files import Row, read_rows
from passel.tasks.parts.kinds import EXACT, LETTER, MATH, TEXT, THINK_NUMBER, TRUE_FALSE, YES_NO, labels
from passel.tasks.parts.task import AnswerKind, Item, LoadedItems, Task

__all__ = ["user_file"]

_KINDS = {
    "exact": EXACT,
    "letter": LETTER,
    "math": MATH,
    "number": THINK_NUMBER,
    "text": TEXT,
    "true_false": TRUE_FALSE,
    "yes_no": YES_NO,
}


def user_file(
    path: str,
    *,
    question: str = "question",
    answer: str = "answer",
    id: str | None = None,  # noqa: A002
    choices: str | None = None,
    kind: Literal["auto", "exact", "letter", "math", "number", "text", "true_false", "yes_no"] = "auto",
) -> Task:
    """The task in a user's file.

    Args:
        path: a .jsonl or .csv file in UTF-8, plain or .gz.
        question: the column of the question; no question may be empty.
        answer: the column of the gold answer; a problem with an empty answer is not scored.
        id: the column of the problem's id; the row number if None.
        choices: the column of the options of multiple choice: a list (in CSV as JSON, or separated by "|"). The answer
            is then a letter, or the text of an option.
        kind: how answers are compared. "auto": letter where there are choices, number where all gold answers are
            numbers, yes_no or true_false where they are these words, else text.

    Raises UsageError naming the file, the row and the column, when the problems are first asked for.
    """
    columns = {"question": question, "answer": answer, "id": id, "choices": choices}

    def load() -> Iterable[Item]:
        rows = [_Fields(path, row, fields, columns) for row, fields in read_rows(Path(path).expanduser())]
        if not rows:
            raise UsageError(f"{path}: no rows")
        questions = [row.question() for row in rows]
        gold = [row.text("answer").strip() for row in rows]
        kinds = _guessed(gold, choices) if kind == "auto" else [_KINDS[kind]] * len(rows)
        columns_of_rows = zip(rows, kinds, questions, gold, strict=True)
        return _unique(path, [row.item(kind, asked, answer) for row, kind, asked, answer in columns_of_rows])

    return Task(path, LoadedItems(load))


def _guessed(golds: Sequence[str], choices: str | None) -> list[AnswerKind]:
    """The kind of each answer: letters where there are choices, a label set where the column has a few different words,
    else by the gold answer itself: a number, yes or no, true or false, text."""
    if choices:
        return [LETTER] * len(golds)
    words = {gold.casefold().removesuffix(".") for gold in golds if gold}
    for kind, names in ((YES_NO, {"yes", "no", "y", "n"}), (TRUE_FALSE, {"true", "false"})):
        if words and words <= names:
            return [kind] * len(golds)
    if (found := label_set(golds)) is not None:
        listed = ", ".join(found)
        kind = labels(found, {}, f'Think step by step. End with "The answer is X." where X is one of: {listed}.')
        return [kind] * len(golds)
    return [THINK_NUMBER if number(gold) is not None else TEXT for gold in golds]


def _unique(path: str, items: Iterable[Item]) -> list[Item]:
    seen: dict[str, Item] = {}
    for item in items:
        if item.id in seen:
            raise UsageError(f"{path}: two rows have the id {item.id!r}")
        seen[item.id] = item
    return [*seen.values()]


class _Fields:
    """The named columns of one row."""

    def __init__(self, path: str, row: int, fields: Row, columns: dict[str, str | None]) -> None:
        self._where = f"{path}, row {row}"
        self._row = row
        self._fields = fields
        self._columns = columns

    def question(self) -> str:
        question = self.text("question")
        if not question.strip():
            raise UsageError(f"{self._where}: the question is empty (column {self._columns['question']!r})")
        return question

    def item(self, kind: AnswerKind, question: str, gold: str) -> Item:
        options = self._options() if self._columns["choices"] else ()
        if options:
            question = with_options(question, options)
            if gold and LetterReader(options)(f"The answer is {gold}") is None:
                raise UsageError(f"{self._where}: the answer {gold[:40]!r} is none of the choices")
        name = self.text("id").strip() if self._columns["id"] else str(self._row)
        return Item(name, question, gold, kind, options)

    def text(self, column: str) -> str:
        """The text of a column; "" for null."""
        value = self._value(column)
        if isinstance(value, dict | list):
            raise UsageError(f"{self._where}: column {self._columns[column]!r} holds a list or an object, not text")
        text = "" if value is None else str(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{self._where}: column {self._columns[column]!r} holds half a character") from None
        return text

    def _value(self, column: str) -> Any:
        name = self._columns[column] or ""
        if name not in self._fields:
            raise UsageError(f"{self._where}: no column {name!r} (columns: {', '.join(self._fields)})")
        return self._fields[name]

    def _options(self) -> tuple[str, ...]:
        value = self._value("choices")
        if isinstance(value, str):
            try:
                value = json.loads(value) if value.lstrip().startswith("[") else value.split("|")
            except ValueError:
                value = None
        if not isinstance(value, list) or not 2 <= len(cast(list[Any], value)) <= len(LABELS):
            raise UsageError(f"{self._where}: column {self._columns['choices']!r} must list 2 to {len(LABELS)} choices")
        return tuple(str(option).strip() for option in cast(list[Any], value))
