"""A worker: gets ready, waits for code on its standard input, runs it, reports how it ended, and exits."""

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
    """Never returns. `channel`: the descriptor on which the worker reports "ready", and then how the code ended."""
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
    """The next message; None at the end of the pipe. The rest of the pipe is the standard input of the code."""
    size = _read_bytes(HEADER)
    return marshal.loads(_read_bytes(int(size, 16))) if size else None


def _read_bytes(count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
