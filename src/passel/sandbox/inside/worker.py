"""A worker: gets ready, waits for one piece of code on its standard input, runs it, says how it ended, and is gone."""

from __future__ import annotations

import marshal
import os
import sys
from typing import Any

from . import lockdown
from .protocol import HEADER, READY
from .run import run

__all__ = ["main"]


def main(channel: int) -> None:
    """Never returns. `channel`: the descriptor that says "ready", and then how the run ended."""
    boot = _message()
    if boot is None:
        os._exit(0)
    os.umask(0o022)
    lockdown.confine(user=boot["user"], limits=boot["limits"], program=boot["program"], tmp=boot["tmp"])
    sys.path += boot["packages"]
    for name in boot["imports"]:
        __import__(name)
    low = os.dup(channel)  # not inherited by programs; and below the limit on descriptors
    os.close(channel)
    os.write(low, READY)
    if (request := _message()) is None:
        os._exit(0)
    run(request, low)


def _message() -> dict[str, Any] | None:
    """One message; what follows it stays in the pipe, for it is the standard input of the code. None at the end."""
    size = _exactly(HEADER)
    return marshal.loads(_exactly(int(size, 16))) if size else None


def _exactly(count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
