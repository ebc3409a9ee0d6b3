"""Runs programs on tests and on inputs, in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from passel.sandbox import Execution, Limits, default_sandbox
from passel.sandbox.programs import harness, packing
from passel.sandbox.programs.packing import pack

__all__ = ["Program", "job_for_tests", "outputs_of", "run_tests", "verdicts_of"]

MAX_SECONDS = 60.0
"""Processor time for all tests of a program together; as EvalPlus' limit for a problem."""
_MAX_HALVINGS = 4  # of the inputs, where the outputs are too long for one reply
_START_SECONDS = 2.0  # for the harness, beside the program


@dataclass(frozen=True, slots=True)
class Program:
    """A program, and the prompt that it may continue.

    Args:
        text: its source.
        prompt: the beginning of a program, up to the body of the entry point, or "". The program can use its imports
            and helpers; a program that does not define the entry point is taken as the continuation of the prompt.
        entry_point: the name of the function that is asked for, or "" where it is not known.
    """

    text: str
    prompt: str = ""
    entry_point: str = ""


def job_for_tests(
    program: Program, tests: Sequence[str], *, seconds: float, stop: bool = False
) -> tuple[str, dict[str, Any]]:
    """Code for the sandbox, whose last expression is the reply for `verdicts_of`, and its limits: fields of `Limits`.

    Args:
        seconds: processor time for loading the program and for each test.
        stop: end at the first test that fails.
    """
    job = _job(program, seconds) | {"tests": list(tests), "stop": stop}
    return _code(job), _limits(seconds, 1 + len(tests))


def verdicts_of(execution: Execution, count: int) -> list[dict[str, Any]]:
    """For each test whether it passed and, if not, why: {"passed": bool, "error": str}. An execution that did not come
    to its end passes no test."""
    errors = _reply(execution)
    if errors is None or len(errors) > count or not all(error is None or isinstance(error, str) for error in errors):
        errors = [_reason(execution)] * count
    errors += ["not run"] * (count - len(errors))
    return [{"passed": error is None, "error": error or ""} for error in errors]


def run_tests(program: Program, tests: Sequence[str], *, seconds: float, stop: bool = False) -> list[dict[str, Any]]:
    """The verdict on each test, as `verdicts_of` gives it; waits. Raises NoSandbox where there is no sandbox."""
    code, limits = job_for_tests(program, tests, seconds=seconds, stop=stop)
    return verdicts_of(_run(code, limits), len(tests))


def outputs_of(program: Program, inputs: Sequence[Sequence[Any]], *, seconds: float) -> tuple[list[Any], str]:
    """What the entry point returns for each input, packed, up to the first input that fails, and the error of that
    input or ""; waits.

    The sandbox holds only the inputs, so a program cannot look up the expected outputs.

    Args:
        seconds: processor time for each input; for all together `MAX_SECONDS`.
    """
    return _outputs(program, [pack(list(arguments)) for arguments in inputs], seconds, _MAX_HALVINGS)


def _outputs(program: Program, inputs: list[Any], seconds: float, halvings: int) -> tuple[list[Any], str]:
    job = _job(program, seconds) | {"inputs": inputs}
    execution = _run(_code(job), _limits(seconds, 1 + len(inputs)))
    reply = _reply(execution)
    if reply is None and execution.status == "ok" and halvings and len(inputs) > 1:  # too long for one reply
        middle = len(inputs) // 2
        first, error = _outputs(program, inputs[:middle], seconds, halvings - 1)
        rest, error = ([], error) if error else _outputs(program, inputs[middle:], seconds, halvings - 1)
        return first + rest, error
    if reply is None:
        return [], _reason(execution)
    values = [cast(list[Any], part)[0] for part in reply if isinstance(part, list) and len(cast(list[Any], part)) == 1]
    errors = [part for part in reply if isinstance(part, str)]
    return values, errors[0] if errors else ""


def _job(program: Program, seconds: float) -> dict[str, Any]:
    return {
        "program": program.text,
        "prompt": program.prompt,
        "entry_point": program.entry_point,
        "seconds": seconds,
    }


def _code(job: Mapping[str, Any]) -> str:
    return f"{_setup()}\nsys.modules[{harness.__name__!r}].main({json.dumps(job)!r})"


@cache
def _setup() -> str:
    """Code that makes the modules of the harness: the sandbox does not see their files."""
    sources = [(part.__name__, Path(part.__file__ or "").read_text("utf-8")) for part in (packing, harness)]
    return f"""import sys
from types import ModuleType
for name, source in {sources!r}:
    sys.modules[name] = ModuleType(name)
    exec(compile(source, name, "exec"), sys.modules[name].__dict__)"""


def _limits(seconds: float, parts: int) -> dict[str, Any]:
    """Wall time is three times processor time: a busy machine is not the program's fault."""
    total = min(seconds * parts, max(MAX_SECONDS, seconds)) + _START_SECONDS
    return {"cpu_seconds": total, "seconds": 3.0 * total}


def _run(code: str, limits: Mapping[str, Any]) -> Execution:
    sandbox = default_sandbox()
    whole: Limits = replace(sandbox.limits, **limits)
    return sandbox.run(code, limits=whole, last_expression=True)


def _reply(execution: Execution) -> list[Any] | None:
    """The reply of the harness, if the execution came to its end and the reply is a list."""
    if execution.status != "ok" or not isinstance(execution.value, str):
        return None
    try:
        reply = json.loads(execution.value)
    except (ValueError, RecursionError):
        return None
    return cast(list[Any], reply) if isinstance(reply, list) else None


def _reason(execution: Execution) -> str:
    """Why there is no reply."""
    last = execution.stderr.strip().rpartition("\n")[2][:200]
    return {"ok": "the program ended the run", "error": last or "error"}.get(execution.status, execution.status)
