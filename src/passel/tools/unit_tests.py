"""The tool `unit_tests`: a program and its tests, run in the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from passel.sandbox import default_sandbox
from passel.sandbox.programs import Program, job_for_tests, verdicts_of

__all__ = ["ready", "unit_tests"]


async def unit_tests(
    *, code: str, tests: Sequence[str], seconds: float = 2.0, prompt: str = "", entry_point: str = ""
) -> list[dict[str, Any]]:
    """For each test, in order, {"passed": bool, "error": str}; all in one run.

    A test passes if it comes to its end and raises nothing. Whatever ends the run early (`os._exit`, too much output, a
    signal) fails them all.

    Args:
        code: the program, or a body that continues the prompt.
        tests: statements such as `assert f(1) == 2`; each runs by itself.
        seconds: processor time for the program itself and for each test.
        prompt, entry_point: the text that the program continues, and the function asked for; see `Program`.
    """
    sandbox = await asyncio.to_thread(default_sandbox)
    source, limits = job_for_tests(Program(code, prompt, entry_point), tests, seconds=seconds)
    ran = await sandbox.run_async(source, limits=replace(sandbox.limits, **limits), last_expression=True)
    return verdicts_of(ran, len(tests))


def ready() -> None:
    """Raises NoSandbox where there is no sandbox."""
    default_sandbox()
