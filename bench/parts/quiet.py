"""Whether the machine does something else: what a bench waits for before each turn, while its own sides stand still."""

from __future__ import annotations

import time
from pathlib import Path

__all__ = ["busy_share", "wait_until_idle"]


def busy_share(seconds: float = 0.5) -> float:
    """The share of all processors' time that anything used in the next `seconds`, in [0, 1]. Linux alone tells."""
    before = _ticks()
    time.sleep(seconds)
    idle, total = (now - then for now, then in zip(_ticks(), before, strict=True))
    return 1.0 - idle / total if total else 0.0


def wait_until_idle(share: float, seconds: float) -> float:
    """Waits until less than `share` of the processors is in use, for `seconds` at most; the share at the end."""
    end = time.monotonic() + seconds
    while (busy := busy_share()) > share and time.monotonic() < end:
        pass
    return busy


def _ticks() -> tuple[int, int]:
    """Idle and all ticks of all processors since the machine started (the first line of /proc/stat)."""
    user, nice, system, idle, waiting, *others = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return idle + waiting, user + nice + system + idle + waiting + sum(others)
