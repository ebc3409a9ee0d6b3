"""The program of a worker of `process`: runs one query at a time on a SQLite database, which it can read only.

It is started by its path, without the rest of Passel. Each request is a line of JSON, and so is each reply.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

__all__ = ["LONGEST", "main", "run"]

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_DENIED = {"load_extension", "fts3_tokenizer"}
LONGEST = 100_000  # characters of a query
_CELL = 2**20 * 16  # bytes in one value or row; larger ones are what a memory bomb makes
_REPLY = 2**20 * 8  # characters of all values together
_STEPS = 5000  # instructions of SQLite's machine between looks at the clock
_GRACE = 1.0  # seconds for a function that SQLite cannot interrupt, such as a match of a long pattern
_GROWN = 2**20 * 96  # bytes of address space of a process that is not used again
_BASE = 2**20 * 128  # bytes of address space that the interpreter itself takes
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _CELL,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4 * LONGEST,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


def run(query: str, database: str, rows: int, seconds: float, memory: int) -> dict[str, Any]:
    """Runs the query: columns, rows, error ("" if none), cut (there were more rows than asked for)."""
    _limit_memory(memory)
    ends = time.process_time() + seconds  # of the processor: a busy machine must not make a query wrong
    connection: sqlite3.Connection | None = None
    try:
        connection = _open(database, memory)
        connection.set_progress_handler(lambda: time.process_time() > ends, _STEPS)
        return _rows(connection.execute(query), rows)
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
        late = time.process_time() > ends
        return _failed(f"took longer than {seconds:g} s" if late else str(error))
    except MemoryError:
        return _failed(f"took more than {memory} MB")
    finally:
        if connection is not None:
            connection.close()


def _open(database: str, memory: int) -> sqlite3.Connection:
    """The database as a file that does not change: no lock, no journal, nothing written beside it."""
    address = f"file:{quote(str(Path(database).absolute()))}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, cached_statements=0)
    for category, limit in _LIMITS.items():
        connection.setlimit(category, limit)
    for setting in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "temp_store=MEMORY", "mmap_size=0"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute(f"PRAGMA soft_heap_limit={memory * 2**19}")  # caches shrink before memory ends
    connection.text_factory = _text
    connection.set_authorizer(_allow)
    return connection


def _allow(action: int, first: str | None, second: str | None, _database: str | None, _by: str | None) -> int:
    if action == sqlite3.SQLITE_UPDATE and first == "sqlite_master":
        return sqlite3.SQLITE_OK  # asked when json_each and its like are set up; SQLite itself lets no query do it
    if action == sqlite3.SQLITE_PRAGMA and first == "data_version":
        return sqlite3.SQLITE_OK  # asked by full-text search
    if action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _DENIED):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _rows(cursor: sqlite3.Cursor, max_rows: int) -> dict[str, Any]:
    if cursor.description is None:
        return _failed("not a query: it gives no columns")
    columns = [str(column[0]) for column in cursor.description]
    found: list[list[Any]] = []
    for row in _within_size(cursor):
        if row is None or len(found) == max_rows:
            return {"columns": columns, "rows": found, "error": "", "cut": True}
        found.append(row)
    return {"columns": columns, "rows": found, "error": "", "cut": False}


def _within_size(cursor: sqlite3.Cursor) -> Iterator[list[Any] | None]:
    """Rows as JSON values; None once they are more than a reply may hold."""
    left = _REPLY
    for row in cursor:
        left -= sum(16 + (2 * len(cell) if isinstance(cell, bytes | bytearray | str) else 0) for cell in row)
        yield [_value(cell) for cell in row] if left >= 0 else None


def _text(raw: bytes) -> str | bytearray:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return bytearray(raw)  # its type distinguishes it from a blob


def _value(cell: Any) -> Any:
    """A value of SQLite in JSON. What JSON has no value for is an object of one name: real (infinite), blob (in hex),
    text (bytes that are not UTF-8, in hex)."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return {"real": str(cell)}
    if isinstance(cell, bytes | bytearray):
        return {"blob" if isinstance(cell, bytes) else "text": cell.hex()}
    return cell


def _failed(error: str) -> dict[str, Any]:
    return {"columns": [], "rows": [], "error": error or "failed", "cut": False}


def _limit_process() -> None:
    """No file may grow, few may be open, and no core is dumped."""
    try:
        import resource
    except ImportError:  # not on this platform
        return
    for limit, most in ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 16), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_BASE + megabytes * 2**20, hard))


def _alarm(seconds: float) -> None:
    """Ends this process after so much processor time, whoever still waits for it; 0 calls it off."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def main() -> None:
    """Writes "ready", then answers until its input ends, or a query has made it large."""
    _limit_process()
    print(json.dumps("ready"), flush=True)
    last = False
    while not last and (line := sys.stdin.readline()):
        request = json.loads(line)
        _alarm(request["seconds"] + _GRACE)
        try:
            reply = run(**request)
            last = _grown()  # memory that one query holds must not be missing for the next
            text = json.dumps(reply | {"last": last})
        except MemoryError:
            last = True
            text = json.dumps(_failed(f"took more than {request['memory']} MB") | {"last": last})
        _alarm(0)
        print(text, flush=True)


def _grown() -> bool:
    """Whether much of the address space that a query may take is taken already. (The peak of the resident size is of
    no use: it counts the parent's.)"""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # not on this platform, which then does not limit the address space either
        return False
    return pages * os.sysconf("SC_PAGE_SIZE") > _GROWN


if __name__ == "__main__":
    main()
