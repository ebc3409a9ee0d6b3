"""The problem's public unit tests, run on the program in the text."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.verifiers.parts.code import first_failure, public_tests, run

__all__ = ["unit_tests"]


@needs(tool="unit_tests")
def unit_tests(
    problem: Problem,
    text: str,
    *,
    key: Key,
    partial: bool = False,
    seconds: Annotated[float, Log(0.1, 60)] = 2.0,
) -> Flow[Judgement]:
    """Whether the program in the text passes the problem's public tests, which are run in the sandbox.

    Source: filtering by public tests as in Li et al. 2022, AlphaCode (2203.07814), section 4.4; as a weak verifier for
    resampling, Stroebl et al. 2024 (2411.17501).

    Args:
        partial: the share of tests that pass, in place of all or nothing.
        seconds: processor time for each test.

    Returns: verdict; 1 if all tests pass (with `partial` their share, in [0, 1]); 0 for a text without a program; None
        where the problem has no public tests, or they could not be run.

    Cost: call <= 1

    Guarantees: a program that fails a public test never scores 1. One that passes them may still be wrong.

    Deviations: program and tests share a process, so a program that sets out to take over the interpreter could forge
    a pass; early exits, patched builtins and objects with an equality of their own do not.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> problem = Problem("1", "Double x.", details={"tests": ("assert f(1) == 2",), "entry_point": "f"})
    >>> passed = Reply(value=[{"passed": True, "error": ""}])
    >>> play(unit_tests(problem, "def f(x): return 2 * x", key=Key()), [passed]).value.value
    1.0
    """
    tests = public_tests(problem)
    if not tests:
        return Judgement(None, "the problem has no public tests")
    runs = yield from run(problem, text, tests, seconds)
    if runs is None:
        return Judgement(None, "the tests could not be run")
    passed = sum(run.passed for run in runs)
    why = f"{passed} of {len(runs)} tests pass"
    if failure := first_failure(runs):
        why += f"; {failure}"
    value = passed / len(runs) if partial else float(passed == len(runs))
    return Judgement(value, why, {"passed": passed, "tests": len(runs)})
