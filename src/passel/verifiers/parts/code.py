"""Programs on their tests, as flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from passel.core.flow import Flow, call
from passel.core.problem import Problem
from passel.tasks import read_code

__all__ = ["public_tests", "run"]


def public_tests(problem: Problem) -> tuple[str, ...]:
    """The tests that a problem shows."""
    return tuple(cast(Sequence[str], problem.details.get("tests", ())))


def run(problem: Problem, text: str, tests: Sequence[str], seconds: float) -> Flow[list[bool] | None]:
    """Whether the program in the text passes each test; none if there is no program; None if they could not be run."""
    program = read_code(text)
    if program is None:
        return [False] * len(tests)
    details = problem.details
    reply = yield from call(
        "unit_tests",
        code=program.text,
        tests=list(tests),
        seconds=seconds,
        prompt=str(details.get("prompt", "")),
        entry_point=str(details.get("entry_point", "")),
    )
    if not reply.ok or not isinstance(reply.value, list) or len(cast(list[Any], reply.value)) != len(tests):
        return None
    return [bool(test["passed"]) for test in cast(list[Mapping[str, Any]], reply.value)]
