"""What a timed run of a generator gives."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Timed", "session_cpu"]


@dataclass(frozen=True, slots=True)
class Timed:
    """Tokens made, of all rows together, and what they took, the reading of the prompts included.

    Args:
        seconds: by the wall clock. cpu_seconds: of all the side's processes and threads together, spinning included.
    """

    completion_tokens: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return self.completion_tokens / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """It depends little on what else the machine does: a figure for busy machines."""
        return self.completion_tokens / self.cpu_seconds


def session_cpu(session: int) -> float:
    """Processor seconds that the living processes of a session have used. Linux alone tells."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()  # its name may hold spaces
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
