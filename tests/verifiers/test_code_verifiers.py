"""Tests of the model's own at their edges, and the tool that runs them in the sandbox."""

from __future__ import annotations

import asyncio

import pytest
from judged_values import worth_of

from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.sandbox import NoSandbox, default_sandbox
from passel.tools.unit_tests import unit_tests as tool
from passel.verifiers.own_tests import agreement, own_tests, written_tests
from passel.verifiers.unit_tests import unit_tests

PROGRAM = "```python\ndef f(x):\n    return 2 * x\n```"
DETAILS = {"entry_point": "f", "tests": ("assert f(1) == 2", "assert f(2) == 4"), "prompt": "def f(x):\n"}
PROBLEM = Problem("1", "Double x.", details=DETAILS)
T, F = True, False


def ran(*passed: bool) -> Reply:
    return Reply(value=[{"passed": one, "error": "" if one else "AssertionError"} for one in passed])


def test_the_tool_is_given_what_the_problem_shows():
    (ask,) = play(unit_tests(PROBLEM, PROGRAM, key=Key(), seconds=3.0), [ran(T, T)]).asks
    assert (ask.tool, ask.role) == ("unit_tests", "tool")
    assert ask.arguments == {
        "code": "def f(x):\n    return 2 * x",
        "tests": ["assert f(1) == 2", "assert f(2) == 4"],
        "seconds": 3.0,
        "prompt": "def f(x):\n",
        "entry_point": "f",
    }


@pytest.mark.parametrize("bad", [Reply(value=None), Reply(value=""), ran(T), ran(T, T, T)], ids=repr)
def test_without_a_whole_reply_there_is_no_verdict(bad):
    assert worth_of(play(unit_tests(PROBLEM, PROGRAM, key=Key()), [bad])) is None


def test_asserts_are_taken_out_of_a_text():
    text = """Here are tests:
```python
assert f(1) == 2
    assert f( 2 )==4   # even
# assert f(9) == 9
assert g(1) == 2
assert f(4) == 8; import os
assert 1 == 1
assert [f(i) for i in range(2)] == [0, 2], "why"
```
1. assert f(6) == 12
- `assert f(7) == 14`"""
    assert list(written_tests(text, "f")) == [
        "assert f(1) == 2",
        "assert f(2) == 4",
        "assert [f(i) for i in range(2)] == [0, 2], 'why'",
        "assert f(6) == 12",
        "assert f(7) == 14",
    ]
    assert "assert g(1) == 2" in list(written_tests(text, ""))
    assert list(written_tests("assert f(1) == '" + "x" * 2000 + "'", "f")) == []


@pytest.mark.parametrize(
    ("passed", "by_agreement", "by_tests"),
    [
        # two pass the same 2 of 3 tests: 2 * 2 / (4 * 3); one passes all 3: 1 * 3 / 12; one passes 1
        ([[T, T, F], [T, T, F], [T, T, T], [F, F, T]], [4 / 12, 4 / 12, 3 / 12, 1 / 12], [2 / 3, 2 / 3, 1, 1 / 3]),
        ([[T, T], [T, T]], [1, 1], [1, 1]),
        ([[F, F], [F, F]], [0, 0], [0, 0]),
        # as many tests, but not the same ones: no support
        ([[T, F], [F, T]], [1 / 4, 1 / 4], [1 / 2, 1 / 2]),
        ([[T], None, [T]], [1, None, 1], [1, None, 1]),
        ([None, None], [None, None], [None, None]),
    ],
)
def test_scores_of_codet_by_hand(passed, by_agreement, by_tests):
    assert agreement(passed, by="agreement") == by_agreement
    assert agreement(passed, by="passed") == by_tests


def test_draws_give_their_tests_in_turn_each_once_and_t_at_most():
    written = ["assert f(1) == 2\nassert f(2) == 4\nassert f(3) == 6", "assert f(1) == 2\nassert f(5) == 10"]
    played = play(own_tests(PROBLEM, [PROGRAM], key=Key(), m=2, t=3), [*written, ran(T, T, T)])
    assert worth_of(played) == [1.0]
    assert played.asks[-1].arguments["tests"] == ["assert f(1) == 2", "assert f(2) == 4", "assert f(5) == 10"]
    assert [ask.role for ask in played.asks] == ["tester", "tester", "tool"]
    assert PROBLEM.question in played.asks[0].prompt[0].content
    assert "assert f(1) == 2" not in played.asks[0].prompt[0].content


def test_failed_draws_and_failed_runs_are_unknown_and_no_program_is_wrong():
    failed = Reply("failed", error="500")
    assert worth_of(play(own_tests(PROBLEM, [PROGRAM], key=Key()), [failed])) == [None]
    script = [failed, "assert f(1) == 2", ran(T), failed]
    flow = own_tests(PROBLEM, [PROGRAM, "no idea", PROGRAM + "\n"], key=Key(), m=2, by="passed")
    assert worth_of(play(flow, script)) == [1.0, 0.0, None]


def test_what_the_budget_allows_is_ranked():
    script = ["assert f(1) == 2", ran(T), OutOfBudget()]
    assert worth_of(play(own_tests(PROBLEM, [PROGRAM, PROGRAM], key=Key()), script)) == [1.0, None]
    script = [OutOfBudget(fits=1), "assert f(1) == 2", OutOfBudget(), ran(T)]
    assert worth_of(play(own_tests(PROBLEM, [PROGRAM], key=Key(), m=2), script)) == [1.0]


def test_the_tool_runs_programs_and_tells_why_they_fail():
    try:
        default_sandbox()
    except NoSandbox as error:
        pytest.skip(f"needs a sandbox: {error}")

    async def run(code: str) -> list[dict]:
        return await tool(code=code, tests=DETAILS["tests"], prompt=DETAILS["prompt"], entry_point="f", seconds=0.5)

    async def all_of_them() -> list[list[dict]]:
        programs = ["    return 2 * x", "def f(x): return 2", "import sys; sys.exit(0)", "def f(x):\n    while 1: pass"]
        return await asyncio.gather(*map(run, programs))

    right, half, early, endless = asyncio.run(all_of_them())
    assert right == [{"passed": True, "error": ""}] * 2
    assert half == [{"passed": True, "error": ""}, {"passed": False, "error": "AssertionError: got 2"}]
    assert early == [{"passed": False, "error": "SystemExit: 0"}] * 2
    assert not any(test["passed"] for test in endless)
    assert "TimeoutError" in endless[0]["error"]
