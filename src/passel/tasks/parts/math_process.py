"""math-verify in processes of its own.

Its own time limits need signals, which neither threads nor an event loop can use, and without a limit one power tower
in one reply would stop a run.
"""

from __future__ import annotations

import os
from typing import Any

from passel.core.workers import Workers
from passel.tasks.parts import math_worker

__all__ = ["ask"]

_MEMORY = 4 * 2**30  # bytes; 10^10^10 would take all there is before its time is up
_WORKERS = Workers(math_worker.__file__, workers=min(2, os.cpu_count() or 1), memory=_MEMORY)


def ask(*request: str, seconds: float = 5.0) -> Any:
    """Asks for `key, text` or `same, gold, given`; raises NoReply."""
    return _WORKERS.ask(request, seconds=seconds)
