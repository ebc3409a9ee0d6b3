"""Tools: called, counted, recorded; their errors are data."""

from __future__ import annotations

import asyncio

import pytest
from fake_models import Fake, driver
from stepped import run

from passel.core.driver import MemoryStore, Record, Scope
from passel.core.errors import UsageError
from passel.core.flow import Flow, call
from passel.core.result import Result


def calls(times: int = 1, **arguments: object) -> Flow[Result]:
    found = []
    for _ in range(times):
        found.append((yield from call("tool", label="checking", **arguments)))
    return Result(text=" ".join(reply.error or str(reply.value) for reply in found), info={"seconds": found[0].seconds})


def outcome_of(tool, flow=None, store=None):
    scope = Scope("p1", {"tool": tool})
    return run(driver(Fake(), store=store).run(flow or calls(x=3), scope))


def test_a_tool_gets_its_arguments_and_its_value_comes_back():
    assert outcome_of(lambda x: {"double": 2 * x}).result.text == "{'double': 6}"


def test_a_tool_may_be_a_coroutine_and_its_time_is_measured():
    async def tool(x: int) -> int:
        await asyncio.sleep(4)
        return x

    outcome = outcome_of(tool)
    assert outcome.result.text == "3"
    assert outcome.result.info["seconds"] == outcome.cost.seconds == 4.0


def test_a_call_is_metered_under_its_tool_and_not_as_a_pass():
    outcome = outcome_of(lambda x: x)
    assert (outcome.cost.calls, outcome.cost.passes) == (1, 0)
    assert list(outcome.lines) == [("tool:tool", "tool", "checking")]


def test_a_call_is_recorded_and_not_made_twice_for_a_problem(tmp_path):
    made = []
    record = Record(tmp_path / "r.sqlite")
    assert outcome_of(lambda x: made.append(x) or x, calls(2, x=3), record).result.text == "3 3"
    assert outcome_of(lambda x: made.append(x) or x, calls(1, x=3), record).result.text == "3"
    assert made == [3]
    ((ask, reply),) = record.entries()
    assert (ask["tool"], ask["arguments"], reply.value) == ("tool", {"x": 3}, 3)
    record.close()


def test_the_same_call_for_another_problem_is_another_call():
    made = []

    async def main():
        d = driver(Fake(), store=MemoryStore())
        for name in ("p1", "p2"):
            await d.run(calls(x=3), Scope(name, {"tool": lambda x: made.append(x)}))

    run(main())
    assert made == [3, 3]


def test_an_error_in_a_tool_is_a_failed_reply():
    def tool(x: int) -> None:
        raise ValueError("no such cell")

    outcome = outcome_of(tool)
    assert outcome.result.text == "ValueError: no such cell"
    assert outcome.failures == {"failed": 1}
    assert outcome.error is None
    assert outcome.cost.calls == 1


def test_wrong_arguments_are_a_failed_reply():
    assert outcome_of(lambda y: y).result.text.startswith("TypeError: ")


def test_passels_own_errors_in_a_tool_are_raised():
    def tool(x: int) -> None:
        raise UsageError("the sandbox is not installed")

    with pytest.raises(UsageError, match="sandbox"):
        outcome_of(tool)


@pytest.mark.parametrize("value", [{1, 2}, object(), 1j, b"x"], ids=["set", "object", "complex", "bytes"])
def test_a_tool_that_returns_no_json_value_fails_alone_and_the_record_goes_on(tmp_path, value):
    record = Record(tmp_path / "r.sqlite")
    values = iter([value])

    def tool(x: int) -> object:
        return next(values, "fine")

    async def main():
        d = driver(Fake(), store=record)
        bad = await d.run(calls(x=1), Scope("p1", {"tool": tool}))
        return bad, await d.run(calls(x=2), Scope("p2", {"tool": tool}))

    bad, good = run(main())
    assert good.result.text == "fine"
    assert bad.error is not None or bad.failures == {"failed": 1}
    record.close()
