"""The limits of an execution and its result."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from passel.core.errors import UsageError

__all__ = ["Backend", "Execution", "Limits", "NoSandbox", "Status"]

Backend: TypeAlias = Literal["bubblewrap", "plain"]
Status: TypeAlias = Literal["ok", "error", "timeout", "memory", "killed"]

_MIB = 2**20
_MIN_MEMORY = 64 * _MIB  # for each process: the interpreter and the usual modules take about half of it
_MAX_PROCESSES = 256


class NoSandbox(UsageError):
    """No backend can confine code on this machine, so no code is run. The message says why and what to install."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an execution may take. Raises UsageError for a limit that is out of range.

    Args:
        seconds: wall time; starting the container does not count.
        cpu_seconds: processor time of each process, rounded up to whole seconds.
        memory: bytes of address space over all processes: each may have `memory / processes`.
        processes: how many may run at once. With 1, code can start no process, and threads are free; with more, threads
            count as processes.
        file_size: bytes of any file.
        disk: bytes of the private /tmp, which is kept in memory, in addition to `memory`.
        output: bytes kept of stdout, and of stderr.
    """

    seconds: float = 5.0
    cpu_seconds: float = 5.0
    memory: int = 512 * _MIB
    processes: int = 1
    file_size: int = 16 * _MIB
    disk: int = 64 * _MIB
    output: int = 64 * 2**10

    def __post_init__(self) -> None:
        for name in ("seconds", "cpu_seconds"):
            if not ((value := getattr(self, name)) > 0.0 and math.isfinite(value)):
                raise UsageError(f"{name} is a positive number, got {value!r}")
        if not 1 <= self.processes <= _MAX_PROCESSES:
            raise UsageError(f"processes is 1 to {_MAX_PROCESSES}, got {self.processes!r}")
        if self.memory < self.processes * _MIN_MEMORY:
            needed = self.processes * _MIN_MEMORY
            raise UsageError(f"memory for {self.processes} processes is at least {needed} bytes, got {self.memory!r}")
        for name, minimum in (("file_size", 0), ("disk", _MIB), ("output", 0)):
            if (value := getattr(self, name)) < minimum:
                raise UsageError(f"{name} is at least {minimum} bytes, got {value!r}")

    @property
    def of_container(self) -> tuple[int, ...]:
        """The limits that a container is started with; the others are set for each execution."""
        return (self.memory, self.processes, self.file_size, self.disk)


@dataclass(frozen=True, slots=True)
class Execution:
    """How code ended.

    Args:
        status: "ok": the code came to its end, or exited with 0. "error": it raised, or exited with another code.
            "timeout": wall or processor time was up. "memory": MemoryError ended it. "killed": a signal ended it, it
            wrote far too much, or its process ended before the end of the code (`os._exit(0)`). "ok" does not mean that
            what follows an untrusted call was reached: `sys.exit(0)` is "ok" too. To be sure, give `result` a value at
            the end and look for it.
        stderr: includes the traceback, with the frames of the code only.
        value: the JSON value of the variable `result`, or of the last expression where that was asked for. A value that
            JSON cannot hold becomes its `repr`. None where there is no value, or where it has more than 1 MiB or 100
            levels.
        seconds: wall time.
        cut: whether output beyond the limit was left out.
    """

    status: Status
    stdout: str = ""
    stderr: str = ""
    value: Any = None
    seconds: float = 0.0
    cut: bool = False

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON values."""
        return asdict(self)
