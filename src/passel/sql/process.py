"""Queries in processes of their own, a few for all callers, each ended and started anew when a query harms it."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from passel.core.errors import UsageError
from passel.sql import worker

__all__ = ["Outcome", "Value", "run", "run_async"]

Value = None | int | float | str | dict[str, str]
"""A value of SQLite in JSON; an infinite real is {"real": …}, a blob {"blob": hex}, text that is not UTF-8
{"text": hex}."""

_AT_ONCE = min(4, os.cpu_count() or 1)
_START = 60.0  # seconds for a process to start on a busy machine
_WALL = 10.0  # seconds on the clock for each of the processor, where the process does not end itself


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a query gave.

    Args:
        columns: their names.
        rows: their values, in the order they came.
        error: why there are none, or "".
        cut: there were more rows than were asked for, or more than 8 MB.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    error: str = ""
    cut: bool = False


class _Process:
    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", worker.__file__]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
        )
        self._line(b"", _START)

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The reply; None if there was none in its time, or the process came to an end."""
        try:
            return json.loads(self._line(json.dumps(request).encode() + b"\n", _WALL * request["seconds"] + _WALL))
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            try:
                if pipe:
                    pipe.close()
            except OSError:
                continue  # an unsent request

    def _line(self, request: bytes, seconds: float) -> bytes:
        assert self._child.stdin
        assert self._child.stdout
        end = threading.Timer(seconds, self._child.kill)
        end.start()
        try:
            self._child.stdin.write(request)
            self._child.stdin.flush()
            return self._child.stdout.readline()
        finally:
            end.cancel()


class _Pool:
    """Threads that each hold one process: what waits for a free process waits in the queue of the threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "passel-sql")
        self._own = threading.local()
        self._all: set[_Process] = set()

    def submit(self, request: dict[str, Any]) -> Future[Outcome]:
        return self._threads.submit(self._ask, request)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        for process in self._all:
            process.close()

    def _ask(self, request: dict[str, Any]) -> Outcome:
        process: _Process | None = getattr(self._own, "process", None)
        if process is None:
            process = self._own.process = _Process()
            self._all.add(process)
        reply = process.ask(request)
        if reply is None or reply["last"]:
            self._own.process = None
            self._all.discard(process)
            process.close()
        if reply is None:
            return Outcome(error=f"took longer than {request['seconds']:g} s, or brought its process down")
        rows = tuple([tuple(row) for row in reply["rows"]])
        return Outcome(tuple(reply["columns"]), rows, reply["error"], reply["cut"])


_lock = threading.Lock()
_pools: dict[int, _Pool] = {}


def run(query: str, database: str, *, rows: int = 1000, seconds: float = 5.0, memory: int = 256) -> Outcome:
    """What a query gives on a SQLite database, which it can read and never change.

    Args:
        query: one statement, from whatever source; what is wrong with it is told in `error`.
        database: path of the database; it must not change meanwhile.
        rows: rows at most. seconds: of the processor, at most. memory: megabytes at most.

    Raises UsageError if there is no database there.
    """
    return _submit(query, database, rows, seconds, memory).result()


async def run_async(query: str, database: str, *, rows: int = 1000, seconds: float = 5.0, memory: int = 256) -> Outcome:
    """`run`, beside the event loop."""
    return await asyncio.wrap_future(_submit(query, database, rows, seconds, memory))


def _submit(query: str, database: str, rows: int, seconds: float, memory: int) -> Future[Outcome]:
    if rows < 0 or seconds <= 0 or memory < 1:
        raise UsageError(f"a query needs rows >= 0, seconds > 0, memory >= 1, got {rows}, {seconds}, {memory}")
    _check(database)
    if len(query) > worker.LONGEST:
        done: Future[Outcome] = Future()
        done.set_result(Outcome(error=f"longer than {worker.LONGEST} characters"))
        return done
    path = str(Path(database).absolute())
    request = {"query": query, "database": path, "rows": rows, "seconds": seconds, "memory": memory}
    with _lock:
        if os.getpid() not in _pools:  # a forked process must not share its parent's pipes
            _pools[os.getpid()] = _Pool()
        return _pools[os.getpid()].submit(request)


def _check(database: str) -> None:
    if not Path(database).is_file():
        raise UsageError(f"no database at {database}")
    log = Path(f"{database}-wal")
    if log.is_file() and log.stat().st_size:
        raise UsageError(f"{database} is being written: {log.name} beside it holds changes; close it where it is open")


def _close() -> None:
    if pool := _pools.pop(os.getpid(), None):
        pool.close()


atexit.register(_close)
