"""math-verify in a process of its own.

Its own time limits need signals, which neither threads nor an event loop can use, and without a limit one power tower
in one reply would stop a run. So it runs beside us, one process for all callers, and is killed and started anew when a
request takes too long.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

from passel.core.errors import PasselError
from passel.tasks.parts import math_worker

__all__ = ["TooLong", "ask"]

_START = 120.0  # seconds for imports on a busy machine


class TooLong(PasselError):
    """A request took longer than its time, or brought the process down."""


class _Process:
    def __init__(self) -> None:
        command = [sys.executable, "-P", math_worker.__file__]  # -P: numbers.py beside it is not the standard one
        quiet = subprocess.DEVNULL
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, text=True, encoding="utf-8"
        )
        self._replies: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()
        self._reply(_START)

    def ask(self, request: tuple[str, ...], seconds: float) -> Any:
        assert self._child.stdin
        try:
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
        except OSError:
            raise TooLong("math-verify is gone") from None
        return self._reply(seconds)

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            try:
                if pipe:
                    pipe.close()
            except OSError:
                continue  # an unsent request

    def _listen(self) -> None:
        assert self._child.stdout
        try:
            for line in self._child.stdout:
                self._replies.put(line)
        except ValueError:
            pass  # closed
        self._replies.put("")

    def _reply(self, seconds: float) -> Any:
        try:
            line = self._replies.get(timeout=seconds)
        except Empty:
            raise TooLong(f"math-verify took longer than {seconds} s") from None
        if not line:
            raise TooLong("math-verify came to an end")
        return json.loads(line)


_lock = Lock()
_running: dict[int, _Process] = {}


def ask(*request: str, seconds: float = 5.0) -> Any:
    """Asks for `key, text` or `same, gold, given`; raises TooLong."""
    with _lock:
        if os.getpid() not in _running:  # a forked process must not share its parent's pipes
            _running[os.getpid()] = _Process()
        try:
            return _running[os.getpid()].ask(request, seconds)
        except TooLong:
            _close()
            raise


def _close() -> None:
    if process := _running.pop(os.getpid(), None):
        process.close()


atexit.register(_close)
