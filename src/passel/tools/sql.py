"""Runs a query on a SQLite database that it can read and never change."""

from __future__ import annotations

from typing import Any

from passel.sql import run_async

__all__ = ["sql"]


async def sql(
    *, query: str, database: str, rows: int = 1000, seconds: float = 5.0, memory: int = 256
) -> dict[str, Any]:
    """Runs a query: {"columns": [...], "rows": [[...]], "error": "", "cut": false}.

    Args:
        query: one statement.
        database: path of the database; it must not change meanwhile.
        rows: rows at most; `cut` says that there were more.
        seconds: of the processor, at most. memory: megabytes at most. Both end a hostile query.

    A query that fails gives no rows, and the reason as `error`. An infinite real is {"real": "inf"}, a blob
    {"blob": hex}, text that is not UTF-8 {"text": hex}. Raises UsageError if there is no database.
    """
    found = await run_async(query, database, rows=rows, seconds=seconds, memory=memory)
    return {
        "columns": list(found.columns),
        "rows": [list(row) for row in found.rows],
        "error": found.error,
        "cut": found.cut,
    }
