"""The tool `python`: runs code in the sandbox."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from passel.sandbox import default_sandbox

__all__ = ["python"]


async def python(*, code: str, stdin: str = "", seconds: float = 5.0, last_expression: bool = True) -> dict[str, Any]:
    """Runs Python code in the sandbox, and returns the fields of a `Execution`.

    Args:
        code: runs as `__main__`; numpy, sympy and other packages of this environment can be imported.
        stdin: what `input()` gives.
        seconds: wall and processor time.
        last_expression: whether `value` is that of the last expression, as in a notebook.
    """
    sandbox = await asyncio.to_thread(default_sandbox)
    limits = replace(sandbox.limits, seconds=seconds, cpu_seconds=seconds)
    ran = await sandbox.run_async(code, stdin=stdin, limits=limits, last_expression=last_expression)
    return ran.to_json()
