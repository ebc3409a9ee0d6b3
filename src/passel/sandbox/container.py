"""A container with its worker, as seen from outside: pipes that are read without waiting, up to a limit."""

from __future__ import annotations

import contextlib
import marshal
import os
import secrets
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from passel.sandbox.backends import boot_message, start_command, unused_user
from passel.sandbox.bundle import bundle
from passel.sandbox.execution import Backend, Execution, Limits, Status
from passel.sandbox.inside.protocol import HEADER, MAX_VALUE_BYTES, READY
from passel.sandbox.verdict import read_verdict
from passel.sandbox.view import View

__all__ = ["Container", "Submission"]

_PIECE = 1 << 16
_MAX_DROPPED = 16 * 2**20  # bytes beyond the limit on output: code that writes more is ended
_SIGXCPU = 128 + 24  # by number: this module is imported, to refuse, where there is no such signal


@dataclass(frozen=True, slots=True)
class Submission:
    """Code for a worker, with its input and limits; see `Sandbox.run`."""

    code: str
    stdin: str
    last_expression: bool
    limits: Limits


class Container:
    """A container that is starting, ready, running, or ended. It never blocks, and holds no lock.

    The caller watches its descriptors: it calls `read` when one of `outputs` is readable, `write` while `unsent` is not
    empty and `input` is writable, `finish` when `ended` is readable, and `poll` after each.
    """

    def __init__(self, backend: Backend, view: View, limits: Limits) -> None:
        user = unused_user()
        worker_input, self.input = os.pipe2(os.O_CLOEXEC)
        reads, writes = zip(*[os.pipe2(os.O_CLOEXEC) for _ in range(3)], strict=True)
        self.outputs: tuple[int, ...] = reads
        line, environment = start_command(backend, view, limits, writes[2], root=user is not None)
        try:
            self._process = subprocess.Popen(
                line,
                stdin=worker_input,
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
            for descriptor in (worker_input, *writes):
                os.close(descriptor)
        for descriptor in (self.input, *reads):
            os.set_blocking(descriptor, False)
        self.ended = os.pidfd_open(self._process.pid)
        self.limits = limits
        self.alive = True  # until `kill`
        self.ready = False
        self.unsent = bytearray(_framed(bundle()) + _message(boot_message(backend, view, limits, user)))
        self._sent = False  # in full; then the input is closed
        self._received = {descriptor: bytearray() for descriptor in reads}
        self._dropped = dict.fromkeys(reads, 0)
        self._submission: Submission | None = None
        self._token = secrets.token_hex(16)
        self._since = time.monotonic()

    @property
    def pid(self) -> int:
        """The id of the outermost process."""
        return self._process.pid

    @property
    def deadline(self) -> float | None:
        """When the time of the code is up, on the monotonic clock; None while none runs."""
        return None if self._submission is None else self._since + self._submission.limits.seconds

    @property
    def has_exited(self) -> bool:
        """Whether its process has ended."""
        return self._process.poll() is not None

    def begin(self, submission: Submission) -> None:
        """Starts the code. Its time counts from here."""
        assert self.ready
        assert self._submission is None
        limits = submission.limits
        self._submission, self._since = submission, time.monotonic()
        body = {
            "token": self._token,
            "code": submission.code,
            "cpu_seconds": limits.cpu_seconds,
            "last_expression": submission.last_expression,
        }
        self.unsent += _message(body) + submission.stdin.encode("utf-8", "replace")
        self.write()

    def write(self) -> None:
        """Sends as much as fits into the pipe, and closes it when the submission is sent in full."""
        if self._sent:
            return
        try:
            while self.unsent:
                del self.unsent[: os.write(self.input, self.unsent[:_PIECE])]
        except BlockingIOError:
            return
        except OSError:
            self.unsent.clear()  # nobody reads
        if self._submission is not None:
            self._sent = True
            os.close(self.input)

    def read(self, descriptor: int) -> bool:
        """Takes what is there, 64 KiB at most; False at the end of the pipe."""
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return True
        except OSError:
            piece = b""
        if not piece:
            return False
        received = self._received[descriptor]
        room = max(self._max_bytes(descriptor) - len(received), 0)
        received += piece[:room]
        self._dropped[descriptor] += max(len(piece) - room, 0)
        if not self.ready and self._received[self.outputs[2]].startswith(READY):
            self.ready = True
            for received in self._received.values():
                received.clear()
        return True

    def poll(self) -> Execution | None:
        """The result of the code if it is over by now."""
        if self._submission is None:
            return None
        channel = self.outputs[2]
        if verdict := read_verdict(self._received[channel], self._token):
            return self._execution(*verdict)
        if self._dropped[channel] or max(self._dropped.values()) > _MAX_DROPPED:
            return self._execution("killed", None)
        if time.monotonic() - self._since >= self._submission.limits.seconds:
            return self._execution("timeout", None)
        return None

    def finish(self) -> Execution | None:
        """The result of the code, now that the container has come to its end; None if it had none to run."""
        self._drain()
        if self._submission is None:
            return None
        if execution := self.poll():
            return execution
        code = self._process.wait()
        status: Status = "error" if 0 < code < 128 else "timeout" if code == _SIGXCPU else "killed"
        return self._execution(status, None)

    def startup_error(self) -> str:
        """The last line that it wrote, where it could not start."""
        lines = self._text(self.outputs[1])[0].strip().splitlines()
        return lines[-1] if lines else "it ended without a message"

    def kill(self) -> None:
        """Ends it, if it still runs, and closes its descriptors. May be called again."""
        if not self.alive:
            return
        for descriptor in (self.ended, *self.outputs, *(() if self._sent else (self.input,))):
            os.close(descriptor)
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    def _max_bytes(self, descriptor: int) -> int:
        if descriptor == self.outputs[2]:
            return 2 * MAX_VALUE_BYTES
        return self._submission.limits.output if self._submission else _PIECE

    def _drain(self) -> None:
        """Reads what is left in the pipes: no more than they hold, even if a process still writes."""
        for descriptor in self.outputs:
            for _ in range(2**20 // _PIECE):
                before = len(self._received[descriptor]) + self._dropped[descriptor]
                if not self.read(descriptor) or before == len(self._received[descriptor]) + self._dropped[descriptor]:
                    break

    def _execution(self, status: Status, value: Any) -> Execution:
        seconds = time.monotonic() - self._since
        self._drain()
        out, err = self._text(self.outputs[0]), self._text(self.outputs[1])
        return Execution(status, out[0], err[0], value, seconds, out[1] or err[1])

    def _text(self, descriptor: int) -> tuple[str, bool]:
        return self._received[descriptor].decode("utf-8", "replace"), self._dropped[descriptor] > 0


def _message(body: dict[str, Any]) -> bytes:
    return _framed(marshal.dumps(body))


def _framed(text: bytes) -> bytes:
    return f"{len(text):0{HEADER}x}".encode() + text
