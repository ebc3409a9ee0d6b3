"""SQLite databases: their schema as text for a prompt, and their files in a benchmark's folder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from passel.core.errors import UsageError
from passel.sql import run

__all__ = ["find_database", "schema_text"]

_MAX_WIDTH = 60  # characters of a value in a sample row
_TABLES = "SELECT type, name, sql FROM sqlite_master WHERE sql <> '' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"


@lru_cache(256)
def schema_text(database: str, sample_rows: int) -> str:
    """The statements that create the tables and views, each with its first `sample_rows` rows in a comment, as in the
    prompts of BIRD (Li et al. 2023, arXiv 2305.03111). Raises UsageError if the file is no SQLite database."""
    outcome = run(_TABLES, database)
    if outcome.error:
        raise UsageError(f"{database} cannot be read as a SQLite database: {outcome.error}")
    tables = [(str(name), str(sql)) for kind, name, sql in outcome.rows if kind in ("table", "view")]
    if not tables:
        raise UsageError(f"{database} has no tables")
    return "\n\n".join("\n".join([f"{sql};", *_sample(database, name, sample_rows)]) for name, sql in tables)


def _sample(database: str, table: str, sample_rows: int) -> Iterator[str]:
    quoted = table.replace('"', '""')
    outcome = run(f'SELECT * FROM "{quoted}" LIMIT {sample_rows}', database) if sample_rows else None
    if outcome is None or not outcome.rows:
        return
    yield f"/* The first {len(outcome.rows)} rows:"
    yield " | ".join(outcome.columns)
    for row in outcome.rows:
        yield " | ".join(_cell(value) for value in row)
    yield "*/"


def _cell(value: object) -> str:
    text = "NULL" if value is None else " ".join(str(value).replace("*/", "* /").split())
    return text if len(text) <= _MAX_WIDTH else f"{text[: _MAX_WIDTH - 1]}…"


def find_database(folder: Path, name: str) -> Path:
    """The database of this name: FOLDER/NAME/NAME.sqlite as in Spider and BIRD, or FOLDER/NAME with .sqlite or .db.

    Raises UsageError, with the paths that were tried, if there is none.
    """
    tried = [folder / name / f"{name}.sqlite", *(folder / f"{name}{end}" for end in (".sqlite", ".db"))]
    inside = [path for path in tried if path.is_file() and path.resolve().is_relative_to(folder.resolve())]
    if not inside:
        raise UsageError(f"no database {name!r} in {folder}: looked for {', '.join(map(str, tried))}")
    return inside[0]
