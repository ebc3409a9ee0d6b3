"""What goes into a run and what comes out of it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from passel.core.errors import UsageError

__all__ = ["Backend", "Limits", "Ran", "Status", "Unsafe"]

Backend: TypeAlias = Literal["bubblewrap", "plain"]
Status: TypeAlias = Literal["ok", "error", "timeout", "memory", "killed"]

_MIB = 2**20
_LEAST_MEMORY = 64 * _MIB  # of a process: the interpreter and the usual modules take about half of it
_MOST_PROCESSES = 256


class Unsafe(UsageError):
    """No way to confine code works here, so none is run; says why and what to install."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take. Raises UsageError for a limit that is out of range.

    Args:
        seconds: wall time of the run; starting its container is not counted.
        cpu_seconds: processor time of each of its processes, rounded up to whole seconds.
        memory: bytes of address space, over all its processes: each may have `memory / processes`.
        processes: how many at once. With 1 there are no others, and threads are free; with more, threads count too.
        file_size: bytes of any one file.
        disk: bytes of the private /tmp, which is kept in memory, beside `memory`.
        output: bytes kept of each of stdout and stderr.
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
        if not 1 <= self.processes <= _MOST_PROCESSES:
            raise UsageError(f"processes is 1 to {_MOST_PROCESSES}, got {self.processes!r}")
        if self.memory < self.processes * _LEAST_MEMORY:
            needed = self.processes * _LEAST_MEMORY
            raise UsageError(f"memory for {self.processes} processes is at least {needed} bytes, got {self.memory!r}")
        for name, least in (("file_size", 0), ("disk", _MIB), ("output", 0)):
            if (value := getattr(self, name)) < least:
                raise UsageError(f"{name} is at least {least} bytes, got {value!r}")

    @property
    def fixed(self) -> tuple[int, ...]:
        """The limits that a container is started with; the others are set for each run."""
        return (self.memory, self.processes, self.file_size, self.disk)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended.

    "ok": the code came to its end, or exited with 0. "error": it raised, or exited with another code. "timeout": wall
    or processor time was up. "memory": MemoryError ended it. "killed": a signal ended it, it wrote far too much, or its
    process ended without coming to the end of the code (`os._exit(0)`). "ok" says that nothing went wrong, not that
    what stands after some untrusted call was reached: `sys.exit(0)` is "ok" too. Give `result` a value at the end and
    look for it.

    Args:
        stderr: holds the traceback too, with the frames of the code alone.
        value: the JSON value of the code's `result`, or of its last expression where that was asked for. What JSON
            cannot hold is given as its `repr`. None where there is none, or where it has more than 1 MiB or 100 levels.
        seconds: wall time.
        cut: output was left out at the limit.
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
