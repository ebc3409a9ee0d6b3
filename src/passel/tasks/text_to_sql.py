"""Text to SQL: questions about SQLite databases, answered by a query and scored by its rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, cast

from passel.core.errors import UsageError
from passel.core.ranges import Linear, Log
from passel.tasks.parts.databases import find_database, schema_text
from passel.tasks.parts.files import Row, is_table, read_rows
from passel.tasks.parts.queries import query_kind
from passel.tasks.parts.shop import question, shop_database
from passel.tasks.parts.shop_questions import QUESTIONS
from passel.tasks.parts.task import AnswerKind, GeneratedItems, Item, LoadedItems, Task

__all__ = ["text_to_sql"]

_FOLDERS = ("database", "dev_databases", "test_database", "test_databases", "train_databases", "databases")
"""Names of the folder of databases beside the questions, in Spider and BIRD."""


def text_to_sql(
    *,
    questions: str = "",
    databases: str = "",
    sample_rows: Annotated[int, Linear(0, 10)] = 3,
    seconds: Annotated[float, Log(0.1, 60.0)] = 5.0,
    seed: int = 0,
    size: Annotated[int, Log(1, 10_000)] = 150,
) -> Task:
    """Text to SQL: questions with their database's schema; right is a query with the rows of the reference query.

    Without `questions`: generated databases of small shops, 30 questions of fixed forms about each, to try the whole
    path; this is no benchmark. With `questions`: a file in the form of Spider (Yu et al. 2018, arXiv 1809.08887) or
    BIRD (Li et al. 2023, arXiv 2305.03111). Rows are compared as `passel.sql.same_rows` says: as in Spider's test-suite
    evaluation, with a tolerance of a billionth in real numbers; BIRD compares sets of rows with columns in order.

    Args:
        questions: a .json, .jsonl or .csv file, each row with `db_id`, `question`, and the reference query as `query`
            or `SQL`; the question shows `evidence` if the row has it.
        databases: the folder with db_id/db_id.sqlite (or db_id.sqlite, db_id.db) for each; default: the folder beside
            the questions where these benchmarks have it.
        sample_rows: rows of each table in the question.
        seconds: processor time for the query of an answer; the reference may take four times as long.
        seed, size: which and how many questions about shops are generated.

    Raises UsageError naming the file, the row and the field.
    """
    kind = query_kind(seconds)
    if questions:
        path = Path(questions).expanduser()
        return Task("text_to_sql", LoadedItems(lambda: _items(path, databases, sample_rows, kind)))
    if databases:
        raise UsageError("text_to_sql has databases but no questions: add questions=FILE")

    def item(index: int) -> Item:
        text, query = question(seed, index)
        return _item(str(index), text, "", query, shop_database(seed, index // len(QUESTIONS)), sample_rows, kind, {})

    return Task("text_to_sql", GeneratedItems(lambda: size, item))


def _items(path: Path, databases: str, sample_rows: int, kind: AnswerKind) -> Iterable[Item]:
    folder = Path(databases).expanduser() if databases else _folder_beside(path)
    if not folder.is_dir():
        raise UsageError(f"no folder of databases at {folder}")
    number = -1
    for number, (row, fields) in enumerate(_rows(path)):
        where = f"{path}, row {row}"
        name = _text(fields, ("db_id",), where)
        text = _text(fields, ("question",), where)
        query = _text(fields, ("query", "SQL"), where)
        try:
            database = str(find_database(folder, name))
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
        details = {"db_id": name} | {field: fields[field] for field in ("difficulty",) if field in fields}
        evidence = str(fields.get("evidence") or "")
        yield _item(str(number), text, evidence, query, database, sample_rows, kind, details)
    if number < 0:
        raise UsageError(f"{path}: no rows")


def _item(
    id: str,  # noqa: A002
    text: str,
    evidence: str,
    query: str,
    database: str,
    sample_rows: int,
    kind: AnswerKind,
    details: dict[str, Any],
) -> Item:
    parts = [schema_text(database, sample_rows), *([f"Hint: {evidence}"] if evidence else []), f"Question: {text}"]
    details = details | {"database": database}
    return Item(id, "\n\n".join(parts), query, kind, details=details, solution=f"```sql\n{query}\n```")


def _folder_beside(path: Path) -> Path:
    for name in _FOLDERS:
        if (path.parent / name).is_dir():
            return path.parent / name
    raise UsageError(f"no folder of databases beside {path}: give one as databases=FOLDER")


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    if is_table(path.name):
        yield from read_rows(path)
        return
    try:
        rows: object = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"no file at {path}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(rows, list):
        raise UsageError(f"{path}: expected a list of rows")
    for row, fields in enumerate(cast(list[object], rows), 1):
        if not isinstance(fields, dict):
            raise UsageError(f"{path}, row {row}: expected an object with named fields")
        yield row, cast(Row, fields)


def _text(fields: Row, names: tuple[str, ...], where: str) -> str:
    for name in names:
        if isinstance(value := fields.get(name), str) and value.strip():
            return value.strip()
    raise UsageError(f"{where}: no text in field {' or '.join(repr(name) for name in names)}")
