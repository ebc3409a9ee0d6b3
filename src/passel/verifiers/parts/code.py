"""Running the program in a text on tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from passel.core.flow import Flow, call
from passel.core.problem import Problem
from passel.tasks import read_code

__all__ = ["TestRun", "first_failure", "public_tests", "run"]


@dataclass(frozen=True, slots=True)
class TestRun:
    """One test of a program. `error`: why it failed, or ""."""

    test: str
    passed: bool
    error: str = ""


def public_tests(problem: Problem) -> tuple[str, ...]:
    """The tests that a problem shows."""
    return tuple(cast(Sequence[str], problem.details.get("tests", ())))


def first_failure(runs: Sequence[TestRun]) -> str:
    """The first failed test and its error, for an explanation; "" where all tests passed."""
    failed = next((run for run in runs if not run.passed), None)
    if failed is None:
        return ""
    return f"{failed.test} failed: {failed.error}" if failed.error else f"{failed.test} failed"


def run(problem: Problem, text: str, tests: Sequence[str], seconds: float) -> Flow[list[TestRun] | None]:
    """Runs the program in the text on each test; without a program all fail. None: the tests could not be run."""
    program = read_code(text)
    if program is None:
        return [TestRun(test, False, "the text holds no program") for test in tests]
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
    ran = cast(list[Mapping[str, Any]], reply.value)
    return [
        TestRun(test, bool(result["passed"]), str(result.get("error") or ""))
        for test, result in zip(tests, ran, strict=True)
    ]
