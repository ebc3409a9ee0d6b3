"""Running programs on tests and on inputs, in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from passel.sandbox import Limits, Ran, default
from passel.sandbox.programs import inside, values
from passel.sandbox.programs.values import pack

__all__ = ["Program", "job_code", "outputs_of", "read_tests", "run_tests"]

LONGEST_RUN = 60.0
"""Seconds of processor time that one run may take, whatever its tests; as EvalPlus' limit for a problem."""
_HALVINGS = 4
_START = 2.0  # seconds for what is not the program's own


@dataclass(frozen=True, slots=True)
class Program:
    """A program and what it may continue.

    Args:
        text: its source.
        prompt: the beginning of a program, up to the body of the entry point, or "". Its imports and helpers are there
            for the program; where that does not define the entry point, it is taken as a continuation.
        entry_point: the function that is asked for, or "" where that is not known.
    """

    text: str
    prompt: str = ""
    entry_point: str = ""


def job_code(
    program: Program, tests: Sequence[str], *, seconds: float, stop: bool = False
) -> tuple[str, dict[str, Any]]:
    """What to run in the sandbox (its last expression is the reply), and the limits on it, for `Limits`.

    Args:
        seconds: processor time for loading the program and for each test.
        stop: end at the first test that fails.
    """
    job = _job(program, seconds) | {"tests": list(tests), "stop": stop}
    return _code(job), _limits(seconds, 1 + len(tests))


def read_tests(ran: Ran, count: int) -> list[dict[str, Any]]:
    """Of each test whether it passed and, where not, why: {"passed": bool, "error": str}. A run that did not come to
    its end passes none."""
    found = _reply(ran)
    if found is None or len(found) > count or not all(error is None or isinstance(error, str) for error in found):
        found = [_ended(ran)] * count
    found += ["not run"] * (count - len(found))
    return [{"passed": error is None, "error": error or ""} for error in found]


def run_tests(program: Program, tests: Sequence[str], *, seconds: float, stop: bool = False) -> list[dict[str, Any]]:
    """`job_code` run and read; waits. Raises Unsafe where there is no sandbox."""
    code, limits = job_code(program, tests, seconds=seconds, stop=stop)
    return read_tests(_run(code, limits), len(tests))


def outputs_of(program: Program, inputs: Sequence[Sequence[Any]], *, seconds: float) -> tuple[list[Any], str]:
    """What the entry point returns for each input, packed, up to the first that fails, and why that one did; waits.

    The sandbox holds nothing but the inputs, so a program cannot look up what is expected of it.

    Args:
        seconds: processor time for each input; all of them have `LONGEST_RUN`.
    """
    return _outputs(program, [pack(list(arguments)) for arguments in inputs], seconds, _HALVINGS)


def _outputs(program: Program, inputs: list[Any], seconds: float, halvings: int) -> tuple[list[Any], str]:
    job = _job(program, seconds) | {"inputs": inputs}
    ran = _run(_code(job), _limits(seconds, 1 + len(inputs)))
    found = _reply(ran)
    if found is None and ran.status == "ok" and halvings and len(inputs) > 1:  # too much for one reply
        middle = len(inputs) // 2
        first, error = _outputs(program, inputs[:middle], seconds, halvings - 1)
        rest, error = ([], error) if error else _outputs(program, inputs[middle:], seconds, halvings - 1)
        return first + rest, error
    if found is None:
        return [], _ended(ran)
    values = [cast(list[Any], one)[0] for one in found if isinstance(one, list) and len(cast(list[Any], one)) == 1]
    errors = [one for one in found if isinstance(one, str)]
    return values, errors[0] if errors else ""


def _job(program: Program, seconds: float) -> dict[str, Any]:
    return {
        "program": program.text,
        "prompt": program.prompt,
        "entry_point": program.entry_point,
        "seconds": seconds,
    }


def _code(job: Mapping[str, Any]) -> str:
    return f"{_start()}\nsys.modules[{inside.__name__!r}].main({json.dumps(job)!r})"


@cache
def _start() -> str:
    """Makes the modules that run inside, of which the sandbox sees no files, each under its name."""
    sources = [(part.__name__, Path(part.__file__ or "").read_text("utf-8")) for part in (values, inside)]
    return f"""import sys
from types import ModuleType
for name, source in {sources!r}:
    sys.modules[name] = ModuleType(name)
    exec(compile(source, name, "exec"), sys.modules[name].__dict__)"""


def _limits(seconds: float, parts: int) -> dict[str, Any]:
    """Wall time is three times processor time: a busy machine is no fault of the program's."""
    most = min(seconds * parts, max(LONGEST_RUN, seconds)) + _START
    return {"cpu_seconds": most, "seconds": 3.0 * most}


def _run(code: str, limits: Mapping[str, Any]) -> Ran:
    sandbox = default()
    own: Limits = replace(sandbox.limits, **limits)
    return sandbox.run(code, limits=own, last_expression=True)


def _reply(ran: Ran) -> list[Any] | None:
    """The reply of a run that came to its end. Whatever else it says is not believed."""
    if ran.status != "ok" or not isinstance(ran.value, str):
        return None
    try:
        found = json.loads(ran.value)
    except (ValueError, RecursionError):
        return None
    return cast(list[Any], found) if isinstance(found, list) else None


def _ended(ran: Ran) -> str:
    """Why there is no reply."""
    last = ran.stderr.strip().rpartition("\n")[2][:200]
    return {"ok": "the program ended the run", "error": last or "error"}.get(ran.status, ran.status)
