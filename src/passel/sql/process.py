"""Queries in processes of their own, each ended and started anew when a query harms it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from passel.core.child import NoReply
from passel.core.errors import UsageError
from passel.core.workers import Workers
from passel.sql import worker

__all__ = ["Outcome", "Value", "run", "run_async"]

Value = None | int | float | str | dict[str, str]
"""A value of SQLite in JSON; an infinite real is {"real": …}, a blob {"blob": hex}, text that is not UTF-8
{"text": hex}."""

_WALL = 10.0  # seconds on the clock for each of the processor, and as many once


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a query.

    Args:
        columns: names of the columns.
        rows: values of each row, in the order in which the query gave them.
        error: why there are no rows, or "".
        cut: there were more rows than were asked for, or more than 8 MB.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    error: str = ""
    cut: bool = False


_WORKERS = Workers(
    worker.__file__, workers=min(4, os.cpu_count() or 1), packages=False, is_last=lambda reply: bool(reply["last"])
)


def run(query: str, database: str, *, rows: int = 1000, seconds: float = 5.0, memory: int = 256) -> Outcome:
    """Runs a query on a SQLite database, which it can read and never change.

    Args:
        query: one statement, from whatever source; what is wrong with it is reported in `error`.
        database: path of the database; it must not change meanwhile.
        rows: rows at most. seconds: of the processor, at most. memory: megabytes at most.

    Raises UsageError if there is no database there.
    """
    request = _request(query, database, rows, seconds, memory)
    if len(query) > worker.LONGEST:
        return _TOO_LONG
    try:
        return _outcome(_WORKERS.ask(request, seconds=_clock(seconds)))
    except NoReply:
        return _harmed(seconds)


async def run_async(query: str, database: str, *, rows: int = 1000, seconds: float = 5.0, memory: int = 256) -> Outcome:
    """`run`, beside the event loop."""
    request = _request(query, database, rows, seconds, memory)
    if len(query) > worker.LONGEST:
        return _TOO_LONG
    try:
        return _outcome(await _WORKERS.ask_async(request, seconds=_clock(seconds)))
    except NoReply:
        return _harmed(seconds)


def _request(query: str, database: str, rows: int, seconds: float, memory: int) -> dict[str, Any]:
    if rows < 0 or seconds <= 0 or memory < 1:
        raise UsageError(f"a query needs rows >= 0, seconds > 0, memory >= 1, got {rows}, {seconds}, {memory}")
    _check(database)
    path = str(Path(database).absolute())
    return {"query": query, "database": path, "rows": rows, "seconds": seconds, "memory": memory}


def _check(database: str) -> None:
    if not Path(database).is_file():
        raise UsageError(f"no database at {database}")
    log = Path(f"{database}-wal")
    if log.is_file() and log.stat().st_size:
        raise UsageError(f"{database} is being written: {log.name} beside it holds changes; close it where it is open")


def _clock(seconds: float) -> float:
    """Seconds on the clock for a query that may take so many of the processor, if its process does not end itself."""
    return _WALL * seconds + _WALL


def _outcome(reply: dict[str, Any]) -> Outcome:
    rows = tuple([tuple(row) for row in reply["rows"]])
    return Outcome(tuple(reply["columns"]), rows, reply["error"], reply["cut"])


def _harmed(seconds: float) -> Outcome:
    return Outcome(error=f"took longer than {seconds:g} s, or brought its process down")


_TOO_LONG = Outcome(error=f"longer than {worker.LONGEST} characters")
