"""SQLite databases as a model is shown them, and where those of a benchmark lie."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from passel.core.errors import UsageError
from passel.sql import run

__all__ = ["find_database", "shown"]

_WIDEST = 60  # characters of a value among the samples
_TABLES = "SELECT type, name, sql FROM sqlite_master WHERE sql <> '' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"


@lru_cache(256)
def shown(database: str, samples: int) -> str:
    """The statements that create the tables and views, each with its first `samples` rows in a comment, as in the
    prompts of BIRD (Li et al. 2023, arXiv 2305.03111). Raises UsageError if it is no SQLite database."""
    found = run(_TABLES, database)
    if found.error:
        raise UsageError(f"{database} cannot be read as a SQLite database: {found.error}")
    wanted = [(str(name), str(sql)) for kind, name, sql in found.rows if kind in ("table", "view")]
    if not wanted:
        raise UsageError(f"{database} has no tables")
    return "\n\n".join("\n".join([f"{sql};", *_sampled(database, name, samples)]) for name, sql in wanted)


def _sampled(database: str, table: str, samples: int) -> Iterator[str]:
    quoted = table.replace('"', '""')
    found = run(f'SELECT * FROM "{quoted}" LIMIT {samples}', database) if samples else None
    if found is None or not found.rows:
        return
    yield f"/* The first {len(found.rows)} rows:"
    yield " | ".join(found.columns)
    for row in found.rows:
        yield " | ".join(_cell(value) for value in row)
    yield "*/"


def _cell(value: object) -> str:
    text = "NULL" if value is None else " ".join(str(value).replace("*/", "* /").split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def find_database(folder: Path, name: str) -> Path:
    """The database of this name: FOLDER/NAME/NAME.sqlite as in Spider and BIRD, or FOLDER/NAME with .sqlite or .db.

    Raises UsageError that says where it was looked for.
    """
    tried = [folder / name / f"{name}.sqlite", *(folder / f"{name}{end}" for end in (".sqlite", ".db"))]
    inside = [path for path in tried if path.is_file() and path.resolve().is_relative_to(folder.resolve())]
    if not inside:
        raise UsageError(f"no database {name!r} in {folder}: looked for {', '.join(map(str, tried))}")
    return inside[0]
