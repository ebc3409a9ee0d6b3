"""One container with its worker, as seen from outside: pipes that are read without waiting, up to a limit."""

from __future__ import annotations

import contextlib
import marshal
import os
import secrets
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from passel.sandbox.backends import boot, command, outside_user
from passel.sandbox.bundle import bundle
from passel.sandbox.inside.protocol import HEADER, LONGEST, READY
from passel.sandbox.values import Backend, Limits, Ran, Status
from passel.sandbox.verdict import read
from passel.sandbox.view import View

__all__ = ["Container", "Request"]

_PIECE = 1 << 16
_TOO_MUCH = 16 * 2**20  # beyond the limit on output: whoever writes more than this is ended
_SIGXCPU = 128 + 24  # by number: this module is imported, to refuse, where there is no such signal


@dataclass(frozen=True, slots=True)
class Request:
    """What a worker is given."""

    code: str
    stdin: str
    last_expression: bool
    limits: Limits


class Container:
    """A container that is starting, ready, running, or done. It never blocks, and holds no lock.

    `outputs` are descriptors to read when there is something; `input` is one to write while `unsent` holds something;
    `ended` becomes readable when the container is gone. Call `read`, `write`, `step` as they do.
    """

    def __init__(self, backend: Backend, view: View, limits: Limits) -> None:
        user = outside_user()
        own_input, self.input = os.pipe2(os.O_CLOEXEC)
        reads, writes = zip(*[os.pipe2(os.O_CLOEXEC) for _ in range(3)], strict=True)
        self.outputs: tuple[int, ...] = reads
        line, environment = command(backend, view, limits, writes[2], root=user is not None)
        try:
            self._process = subprocess.Popen(
                line,
                stdin=own_input,
                stdout=writes[0],
                stderr=writes[1],
                pass_fds=(writes[2],),
                env=dict(pair.split("=", 1) for pair in environment),
                cwd="/",
                start_new_session=True,
            )
        except OSError:
            for descriptor in (self.input, *reads):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (own_input, *writes):
                os.close(descriptor)
        for descriptor in (self.input, *reads):
            os.set_blocking(descriptor, False)
        self.ended = os.pidfd_open(self._process.pid)
        self.limits = limits
        self.alive = True  # until `kill`
        self.ready = False
        self.unsent = bytearray(_framed(bundle()) + _message(boot(backend, view, limits, user)))
        self._sent = False  # and the input closed
        self._said = {descriptor: bytearray() for descriptor in reads}
        self._dropped = dict.fromkeys(reads, 0)
        self._request: Request | None = None
        self._token = secrets.token_hex(16)
        self._since = time.monotonic()

    @property
    def pid(self) -> int:
        """Of the outermost process."""
        return self._process.pid

    @property
    def deadline(self) -> float | None:
        """When the run's time is up, on the monotonic clock."""
        return None if self._request is None else self._since + self._request.limits.seconds

    @property
    def lost(self) -> bool:
        """Whether its process has ended by itself."""
        return self._process.poll() is not None

    def give(self, request: Request) -> None:
        """Starts the run. Its time counts from here."""
        assert self.ready
        assert self._request is None
        limits = request.limits
        self._request, self._since = request, time.monotonic()
        body = {
            "token": self._token,
            "code": request.code,
            "cpu_seconds": limits.cpu_seconds,
            "last_expression": request.last_expression,
        }
        self.unsent += _message(body) + request.stdin.encode("utf-8", "replace")
        self.write()

    def write(self) -> None:
        """Sends what fits into the pipe, and closes it when the request is sent in full."""
        if self._sent:
            return
        try:
            while self.unsent:
                del self.unsent[: os.write(self.input, self.unsent[:_PIECE])]
        except BlockingIOError:
            return
        except OSError:
            self.unsent.clear()  # nobody reads
        if self._request is not None:
            self._sent = True
            os.close(self.input)

    def read(self, descriptor: int) -> bool:
        """Takes what is there, a piece at most; False at the end."""
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return True
        except OSError:
            piece = b""
        if not piece:
            return False
        kept = self._said[descriptor]
        room = self._most(descriptor) - len(kept)
        kept += piece[: max(room, 0)]
        self._dropped[descriptor] += len(piece) - min(len(piece), max(room, 0))
        if not self.ready and self._said[self.outputs[2]].startswith(READY):
            self.ready = True
            for waiting in self._said.values():
                waiting.clear()
        return True

    def step(self) -> Ran | None:
        """The run's result if it is over by now."""
        if self._request is None:
            return None
        channel = self.outputs[2]
        if verdict := read(self._said[channel], self._token):
            return self._ran(*verdict)
        if self._dropped[channel] or max(self._dropped.values()) > _TOO_MUCH:
            return self._ran("killed", None)
        if time.monotonic() - self._since >= self._request.limits.seconds:
            return self._ran("timeout", None)
        return None

    def gone(self) -> Ran | None:
        """The run's result, now that the container has come to its end; None if there was no run."""
        self._drain()
        if self._request is None:
            return None
        if over := self.step():
            return over
        code = self._process.wait()
        status: Status = "error" if 0 < code < 128 else "timeout" if code == _SIGXCPU else "killed"
        return self._ran(status, None)

    def complaint(self) -> str:
        """What it wrote when it could not start, in one line."""
        lines = self._text(self.outputs[1])[0].strip().splitlines()
        return lines[-1] if lines else "it ended without a word"

    def kill(self) -> None:
        """Ends it, if it still runs, and gives everything back. May be called again."""
        if not self.alive:
            return
        for descriptor in (self.ended, *self.outputs, *(() if self._sent else (self.input,))):
            os.close(descriptor)
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    def _most(self, descriptor: int) -> int:
        if descriptor == self.outputs[2]:
            return 2 * LONGEST
        return self._request.limits.output if self._request else _PIECE

    def _drain(self) -> None:
        """Reads what is left in the pipes: no more than they hold, whoever still writes."""
        for descriptor in self.outputs:
            for _ in range(2**20 // _PIECE):
                before = len(self._said[descriptor]) + self._dropped[descriptor]
                if not self.read(descriptor) or before == len(self._said[descriptor]) + self._dropped[descriptor]:
                    break

    def _ran(self, status: Status, value: Any) -> Ran:
        seconds = time.monotonic() - self._since
        self._drain()
        out, err = self._text(self.outputs[0]), self._text(self.outputs[1])
        return Ran(status, out[0], err[0], value, seconds, out[1] or err[1])

    def _text(self, descriptor: int) -> tuple[str, bool]:
        return self._said[descriptor].decode("utf-8", "replace"), self._dropped[descriptor] > 0


def _message(body: dict[str, Any]) -> bytes:
    return _framed(marshal.dumps(body))


def _framed(text: bytes) -> bytes:
    return f"{len(text):0{HEADER}x}".encode() + text
