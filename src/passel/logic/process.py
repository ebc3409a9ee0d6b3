"""Solvers in processes of their own, a few for all callers. One that overruns its time is killed and replaced."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Lock, Thread
from typing import Any

__all__ = ["MEMORY", "ask"]

MEMORY = 2 * 2**30
"""Bytes of address space that a solver's process may take."""

_START, _GRACE = 60.0, 1.0  # seconds for imports on a busy machine; beyond a solver's own limit
_WORKER = Path(__file__).with_name("worker.py")
_Answer = dict[str, Any]


class _Gone(Exception):
    """The process overran its time, or came to an end."""


class _Process:
    def __init__(self) -> None:
        command = [sys.executable, "-P", str(_WORKER), str(MEMORY)]
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._next(_START)

    def ask(self, request: _Answer, seconds: float) -> _Answer:
        assert self._child.stdin
        try:
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
        except OSError:
            raise _Gone("the solver came to an end") from None
        return self._next(seconds)

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        self._listener.join(1.0)
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):  # an unsent request
                if pipe:
                    pipe.close()

    def _listen(self) -> None:
        assert self._child.stdout
        with suppress(ValueError):  # closed
            for line in self._child.stdout:
                self._lines.put(line)
        self._lines.put("")

    def _next(self, seconds: float) -> _Answer:
        try:
            line = self._lines.get(timeout=seconds)
        except Empty:
            raise _Gone("timeout") from None
        if not line:
            raise _Gone("the solver came to an end, perhaps for want of memory")
        return json.loads(line)


_lock = Lock()
_idle: dict[int, list[_Process]] = {}
_room = BoundedSemaphore(max(2, os.cpu_count() or 2))


def ask(solver: str, script: str, seconds: float) -> tuple[str, str]:
    """What a solver finds within so many seconds: "unsat", "sat" or "unknown", and why it is unknown.

    Returns after `seconds` and a second's grace at the latest; waiting for a free process is not counted.
    """
    with _room:
        with _lock:
            own = _idle.setdefault(os.getpid(), [])  # a forked process must not share its parent's pipes
            process = own.pop() if own else None
        try:
            process = process or _Process()
            answer = process.ask({"solver": solver, "script": script, "seconds": seconds}, seconds + _GRACE)
        except BaseException as error:
            if process:
                process.close()
            if isinstance(error, _Gone):
                return "unknown", str(error)
            raise
        with _lock:
            own.append(process)
        return answer["found"], answer["reason"]


def _close() -> None:
    for process in _idle.pop(os.getpid(), []):
        process.close()


atexit.register(_close)
