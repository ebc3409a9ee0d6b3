"""A bug in a flow is that flow's outcome, with its place; the driver and the other flows go on."""

from __future__ import annotations

import asyncio
import inspect

from fake_models import Fake, drawn, driver
from stepped import run

from passel.core.flow import Flow
from passel.core.result import Result

HERE = "test_driver_bugs.py"


def yields_nonsense() -> Flow[Result]:
    yield drawn(1)  # a `yield from` was meant
    return Result()


def divides_by_zero() -> Flow[Result]:
    yield from drawn(1)
    return Result(text=str(1 // 0))


def line_in(function, marker: str) -> int:
    lines, start = inspect.getsourcelines(function)
    return next(start + i for i, line in enumerate(lines) if marker in line)


def test_a_wrong_op_is_a_type_error_that_says_what_was_meant_and_where():
    outcome = run(driver(Fake()).run(yields_nonsense()))
    assert outcome.error.startswith("TypeError: a flow yields Round, Par or Left, not <generator object drawn")
    assert "yield from" in outcome.error
    assert outcome.error.endswith(f"({HERE}:{line_in(yields_nonsense, 'yield drawn')})")


def test_a_crash_is_told_with_its_place_and_what_it_had_cost():
    outcome = run(driver(Fake()).run(divides_by_zero()))
    assert outcome.error == (
        f"ZeroDivisionError: integer division or modulo by zero ({HERE}:{line_in(divides_by_zero, '1 // 0')})"
    )
    assert outcome.result == Result()
    assert outcome.cost.passes == 1


def test_other_flows_of_the_driver_go_on():
    async def main():
        d = driver(Fake())
        return await asyncio.gather(d.run(divides_by_zero()), d.run(drawn(3)))

    bad, good = run(main())
    assert bad.error is not None
    assert good.error is None
    assert good.result.text == "0 1 2"


def test_a_flow_may_catch_the_type_error_and_go_on():
    def flow() -> Flow[Result]:
        try:
            yield 5  # type: ignore[misc]
        except TypeError:
            return (yield from drawn(1))
        return Result()

    assert run(driver(Fake()).run(flow())).result.text == "0"


def test_a_broken_record_ends_the_run_and_does_not_hang():
    import pytest

    from passel.core.driver import MemoryStore
    from passel.core.errors import RecordError

    class Full:
        get = last = MemoryStore().get

        def put(self, entries):
            raise RecordError("the disk is full")

    with pytest.raises(RecordError, match="disk is full"):
        run(driver(Fake(), store=Full()).run(drawn(3)))
