"""Solvers in processes of their own. A solver that overruns its time is killed and replaced."""

from __future__ import annotations

import os
from pathlib import Path

from passel.core.child import NoReply
from passel.core.workers import Workers

__all__ = ["MEMORY", "ask"]

MEMORY = 2 * 2**30
"""Bytes of address space that a solver's process may take."""

_GRACE = 1.0  # seconds beyond a solver's own limit, before it is killed
_WORKERS = Workers(Path(__file__).with_name("worker.py"), workers=max(2, os.cpu_count() or 2), memory=MEMORY)


def ask(solver: str, script: str, seconds: float) -> tuple[str, str]:
    """Runs a solver for so many seconds: "unsat", "sat" or "unknown", and why it is unknown.

    Returns after `seconds` and a second's grace at the latest; waiting for a free process does not count.
    """
    request = {"solver": solver, "script": script, "seconds": seconds}
    try:
        answer = _WORKERS.ask(request, seconds=seconds + _GRACE)
    except NoReply as error:
        return "unknown", "timeout" if error.why == "late" else str(error)
    return answer["found"], answer["reason"]
