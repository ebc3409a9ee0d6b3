"""The record: every reply under the address of its ask, append-only, in one SQLite file that processes may share."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

from passel.core.address import describe
from passel.core.ask import Ask
from passel.core.errors import RecordError
from passel.core.lru import LRU
from passel.core.reply import Reply

__all__ = ["Entry", "MemoryStore", "Record", "ReplyStore", "is_whole"]

FORMAT = 1

_PATIENCE = 60.0  # seconds that another process may hold the file

_JSON = json.JSONEncoder(separators=(",", ":"))  # json.dumps would make one for each call

_SCHEMA = """
CREATE TABLE IF NOT EXISTS format (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (id INTEGER PRIMARY KEY, started REAL NOT NULL, last REAL NOT NULL);
CREATE TABLE IF NOT EXISTS replies (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    whole INTEGER NOT NULL,  -- 1: the reply of this address for good; 0: failed, cancelled, or second of two
    ask TEXT NOT NULL,
    reply TEXT NOT NULL,
    crc INTEGER NOT NULL,
    session INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS whole_replies ON replies (address) WHERE whole = 1;
CREATE INDEX IF NOT EXISTS all_replies ON replies (address, whole DESC, id DESC);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A reply on its way into the store."""

    address: str
    model: str
    ask: Ask
    reply: Reply


def is_whole(reply: Reply) -> bool:
    """Whether a reply is final. Failed and cancelled replies are asked for again by the next flow that needs them."""
    return reply.stop not in ("failed", "cancelled")


class ReplyStore(Protocol):
    """Where replies are kept and found again."""

    def get(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """Returns the whole replies among these addresses."""
        ...

    def last(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """Returns the whole replies, and where there is none the last failed or cancelled reply."""
        ...

    def put(self, entries: Sequence[Entry]) -> list[Reply]:
        """Keeps replies, and returns those to use: another process may have put a reply first."""
        ...


MAX_REPLIES = 2**15
"""Replies that a `MemoryStore` keeps unless it is told otherwise: of a few KB each, about 100 MB."""


class MemoryStore:
    """A store for one process that keeps nothing on disk.

    A reply that was forgotten is asked for again by the next flow that needs it, and is charged again, for it is
    another pass. A flow that has already been given it keeps it (see `Scope`).

    Args:
        max_replies: the least recently used reply is forgotten beyond this number; None: all are kept, for work that
            ends, such as a run.
    """

    def __init__(self, max_replies: int | None = MAX_REPLIES) -> None:
        self._replies = LRU[str, Reply](max_replies)

    def get(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """See `ReplyStore`."""
        return {address: reply for address, reply in self.last(addresses).items() if is_whole(reply)}

    def last(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """See `ReplyStore`."""
        read = self._replies.get
        return {address: reply for address in addresses if (reply := read(address)) is not None}

    def put(self, entries: Sequence[Entry]) -> list[Reply]:
        """See `ReplyStore`."""
        replies: list[Reply] = []
        for entry in entries:
            earlier = self._replies.get(entry.address)
            if earlier is None or not is_whole(earlier):
                self._replies[entry.address] = entry.reply
            elif is_whole(entry.reply):
                replies.append(earlier)
                continue
            replies.append(entry.reply)
        return replies

    def __len__(self) -> int:
        """How many addresses have a reply, of whatever kind."""
        return len(self._replies)


class Record:
    """A store in a file. What `put` returned survives SIGKILL; a damaged file or row raises RecordError.

    Write-ahead logging lets several processes read and append at once. Commits are not synced one by one: a power
    cut may lose the last moments, never the file.
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = Path(path)
        if read_only and not self.path.is_file():
            raise RecordError(f"no record at {self.path}")
        try:
            self._db = _connect(self.path)
            (state,) = self._db.execute("PRAGMA integrity_check(1)").fetchone()
            if state != "ok":
                raise self._damaged(state)
            self._check_format()
            self._session = 0 if read_only else self._open_session()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _check_format(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, _SCHEMA.split(";\n")):
            self._db.execute(statement)
        row = self._db.execute("SELECT version FROM format").fetchone()
        if row is None:
            self._db.execute("INSERT INTO format VALUES (?)", (FORMAT,))
        self._db.execute("COMMIT")
        if row is not None and row[0] != FORMAT:
            raise RecordError(f"{self.path} has record format {row[0]}, this version reads {FORMAT}")

    def _open_session(self) -> int:
        now = time.time()
        return self._db.execute("INSERT INTO sessions (started, last) VALUES (?, ?)", (now, now)).lastrowid or 0

    def _damaged(self, why: str) -> RecordError:
        return RecordError(f"the record {self.path} is damaged ({why}); nothing was read from it or changed")

    def _unusable(self, error: sqlite3.Error) -> RecordError:
        if _is_busy(error):
            return RecordError(f"the record {self.path} is held by another process for over {_PATIENCE:.0f} s: {error}")
        return self._damaged(str(error))

    def get(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """See `ReplyStore`."""
        return self._read(addresses, "whole = 1")

    def last(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """See `ReplyStore`. A replay reads these."""
        return self._read(addresses, "1")

    def drawn(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """Like `last`, but only of the generator's asks."""
        return self._read(addresses, "json_extract(ask, '$.role') = 'generator'")

    def _read(self, addresses: Sequence[str], where: str) -> dict[str, Reply]:
        found: dict[str, Reply] = {}
        for start in range(0, len(addresses), 500):
            chunk = addresses[start : start + 500]
            marks = ",".join("?" * len(chunk))
            query = f"SELECT id, address, ask, reply, crc FROM replies WHERE address IN ({marks}) AND {where} "
            try:
                for row in self._db.execute(query + "ORDER BY whole, id", chunk):
                    found[row[1]] = self._reply(*row)
            except sqlite3.Error as error:
                raise self._unusable(error) from error
        return found

    def _reply(self, number: int, address: str, ask: str, reply: str, crc: int) -> Reply:
        if _crc(address, ask, reply) != crc:
            raise RecordError(f"the record {self.path} is damaged: row {number} (address {address}) fails its checksum")
        return Reply.from_json(json.loads(reply))

    def put(self, entries: Sequence[Entry]) -> list[Reply]:
        """See `ReplyStore`. All entries are committed in one transaction."""
        now = time.time()
        second: list[int] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for index, entry in enumerate(entries):
                if not self._insert(entry, is_whole(entry.reply), now):
                    self._insert(entry, False, now)
                    second.append(index)
            self._db.execute("UPDATE sessions SET last = ? WHERE id = ?", (now, self._session))
            self._db.execute("COMMIT")
        except Exception as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if not isinstance(error, sqlite3.Error):
                raise
            raise RecordError(f"cannot write to the record {self.path}: {error}") from error
        replies = [entry.reply for entry in entries]
        first = self.get([entries[index].address for index in second]) if second else {}
        for index in second:
            replies[index] = first[entries[index].address]
        return replies

    def _insert(self, entry: Entry, whole: bool, now: float) -> bool:
        ask = _dump(describe(entry.model, entry.ask))
        reply = _dump(entry.reply.to_json())
        row = (entry.address, int(whole), ask, reply, _crc(entry.address, ask, reply), self._session, now)
        columns = "address, whole, ask, reply, crc, session, at"
        done = self._db.execute(f"INSERT OR IGNORE INTO replies ({columns}) VALUES (?,?,?,?,?,?,?)", row)
        return done.rowcount == 1

    def entries(self) -> Iterator[tuple[dict[str, Any], Reply]]:
        """Every row in order of writing, as (ask, reply)."""
        rows: Iterable[Any] = self._db.execute("SELECT id, address, ask, reply, crc FROM replies ORDER BY id")
        for row in rows:
            yield json.loads(row[2]), self._reply(*row)

    def __len__(self) -> int:
        """How many addresses have a whole reply."""
        return self._db.execute("SELECT count(*) FROM replies WHERE whole = 1").fetchone()[0]

    @property
    def wall_seconds(self) -> float:
        """Seconds from start to last reply, summed over the sessions that wrote to the record."""
        return self._db.execute("SELECT coalesce(sum(last - started), 0.0) FROM sessions").fetchone()[0]

    def close(self) -> None:
        """Ends the connection; what was put stays."""
        self._db.close()


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous=NORMAL")
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            return db
        except sqlite3.Error as error:  # SQLite does not wait here: two that switch a new file at once would deadlock
            if not _is_busy(error) or time.monotonic() > deadline:
                db.close()
                raise
            time.sleep(0.01)


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _crc(address: str, ask: str, reply: str) -> int:
    return crc32("\x00".join((address, ask, reply)).encode("utf-8", "surrogatepass"))


def _dump(value: Any) -> str:
    # ASCII, so that lone surrogates in a reply survive SQLite's UTF-8
    return _JSON.encode(value)
