"""One Python program that runs beside this one and answers requests: a line of JSON in, a line of JSON out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from threading import Lock, Timer
from typing import Any, Literal

from passel.core.errors import PasselError

__all__ = ["Child", "NoReply"]

_INHERITED = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
"""Variables that Python and its packages may need. No other reaches the child: no keys, no tokens."""


class NoReply(PasselError):
    """A child gave no reply. `why`: "late"; "ended": it came to an end; "garbled": its line is too long, or no JSON."""

    def __init__(self, message: str, why: Literal["late", "ended", "garbled"]) -> None:
        super().__init__(message)
        self.why = why


class Child:
    """A running program. After a `NoReply` it must be closed.

    Args:
        command: arguments of this Python interpreter.
        memory: bytes of address space that it may take, where the system can limit it (Linux); None: no limit.
        longest: bytes of a line that it may write.
    """

    def __init__(self, command: Sequence[str], *, memory: int | None = None, longest: int = 2**26) -> None:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(
            [sys.executable, *command], bufsize=0, stdin=pipe, stdout=pipe, stderr=nowhere, env=environment
        )
        assert isinstance(self._process.stdin, FileIO)  # without a buffer: a fork must not send its content twice
        assert isinstance(self._process.stdout, FileIO)
        self._input, self._output = self._process.stdin, self._process.stdout
        self._longest = longest
        self._lock = Lock()
        self._waiting = self._late = False
        _limit(self._process.pid, memory)

    @property
    def ended(self) -> bool:
        """Whether it has come to an end by itself, or was ended by the system."""
        return self._process.poll() is not None

    def ask(self, request: bytes, *, seconds: float) -> Any:
        """Writes a line, or nothing, and returns the value of the next line that comes; raises NoReply."""
        timer = Timer(seconds, self._kill_if_waiting)
        timer.daemon = True
        self._waiting = True
        timer.start()
        try:
            self._write(request)
            reply = self._read()
        except OSError:
            reply = b""
        finally:
            with self._lock:
                self._waiting = False
            timer.cancel()
        if self._late:
            raise NoReply(f"took longer than {seconds:g} s", "late")
        if not reply.endswith(b"\n"):
            if len(reply) > self._longest:
                raise NoReply(f"a reply of more than {self._longest} bytes", "garbled")
            raise NoReply("the process came to an end, perhaps for want of memory", "ended")
        try:
            return json.loads(reply)
        except ValueError:
            raise NoReply("a reply that is no JSON", "garbled") from None

    def kill(self) -> None:
        """Ends the process, whoever waits for its reply."""
        self._process.kill()

    def close(self) -> None:
        """Ends the process and frees its pipes."""
        self._process.kill()
        self._process.wait()
        self._input.close()
        self._output.close()

    def abandon(self) -> None:
        """Frees what a fork has inherited of it; the process stays its parent's."""
        self._process.returncode = 0  # there is nothing to wait for
        self._input.close()
        self._output.close()

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[self._input.write(rest) or 0 :]

    def _read(self) -> bytes:
        """A line; less where the output ends or the line is too long."""
        line = bytearray()
        while not line.endswith(b"\n") and len(line) <= self._longest:
            if not (chunk := self._output.read(2**16)):
                break
            line += chunk
        return bytes(line)

    def _kill_if_waiting(self) -> None:
        with self._lock:  # a reply that came in time is not followed by a kill
            if self._waiting:
                self._late = True
                self._process.kill()


def _limit(pid: int, memory: int | None) -> None:
    if sys.platform != "linux":
        return
    import resource

    with suppress(OSError):  # it has ended already
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
        if memory is not None:
            resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))
