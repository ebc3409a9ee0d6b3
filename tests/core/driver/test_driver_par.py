"""Flows side by side: results in order, errors at once, cancellation all the way down."""

from __future__ import annotations

import asyncio

import pytest
from fake_models import Fake, drawn, driver, number, whole
from stepped import run

from passel.core.driver import MemoryStore
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, together
from passel.core.result import Result


async def slow(asks, progress):
    progress.prompt_tokens, progress.completion_tokens[0] = 3, 2
    await asyncio.sleep(10 * (1 + number(asks[0])))
    return [whole(ask) for ask in asks]


def fails_after(flow: Flow[Result]) -> Flow[Result]:
    yield from flow
    raise ZeroDivisionError("one of them")


@pytest.mark.parametrize("order", [0, 1])
def test_if_one_raises_the_others_are_cancelled_at_once_wherever_they_stand(order):
    def flow() -> Flow[Result]:
        both = [fails_after(drawn(1)), drawn(1, first=5)]
        try:
            yield from together(both[:: 1 - 2 * order])
        except ZeroDivisionError as error:
            return Result(text=str(error))
        return Result()

    async def main():
        loop = asyncio.get_running_loop()
        start = loop.time()
        return await driver(model).run(flow()), loop.time() - start

    model = Fake(slow)
    outcome, seconds = run(main())
    assert outcome.result.text == "one of them"
    assert model.cancelled == [5]
    assert seconds == 10.0


def test_an_error_that_nobody_catches_is_the_outcomes_and_names_its_place():
    def flow() -> Flow[Result]:
        yield from together([fails_after(drawn(1))])
        return Result()

    outcome = run(driver(Fake()).run(flow()))
    assert outcome.error is not None
    assert outcome.error.startswith("ZeroDivisionError: one of them (test_driver_par.py:")
    assert outcome.result == Result()
    assert outcome.cost.passes == 1, "what it took is still told"


def test_a_child_that_runs_out_of_budget_may_answer_for_itself():
    def child(i: int) -> Flow[str]:
        try:
            result = yield from drawn(1, first=i)
        except OutOfBudget:
            return "none"
        return result.text

    def flow() -> Flow[Result]:
        return Result(text=" ".join((yield from together([child(i) for i in range(4)]))))

    from passel.core.cost import Budget

    assert run(driver(Fake(), budget=Budget(passes=3)).run(flow())).result.text == "0 1 2 none"


def test_no_flows_side_by_side_is_an_empty_list():
    def flow() -> Flow[Result]:
        return Result(text=str((yield from together([]))))

    assert run(driver(Fake()).run(flow())).result.text == "[]"


def test_cancelling_a_run_cancels_its_passes_and_keeps_what_they_had_made():
    def flow() -> Flow[Result]:
        yield from together([drawn(1), together([drawn(1, first=1)])])
        return Result()

    store, model = MemoryStore(), Fake(slow)
    d = driver(model, store=store)

    async def main():
        task = asyncio.create_task(d.run(flow()))
        await asyncio.sleep(5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        d.close()
        assert d.ledger.spent.completion_tokens == 2 * 2
        await asyncio.sleep(0)

    run(main())
    assert sorted(model.cancelled) == [0, 1]


def test_cancelling_one_run_leaves_the_passes_that_another_wants():
    model = Fake(slow)

    async def main():
        d = driver(model)
        one = asyncio.create_task(d.run(drawn(2)))
        two = asyncio.create_task(d.run(drawn(1)))
        await asyncio.sleep(5)
        one.cancel()
        return await two

    assert run(main()).result.text == "0"
    assert model.cancelled == [1]


def test_a_flow_that_is_cancelled_can_clean_up():
    cleaned = []

    def flow() -> Flow[Result]:
        try:
            return (yield from drawn(1))
        finally:
            cleaned.append(True)

    async def main():
        task = asyncio.create_task(driver(Fake(slow)).run(flow()))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])

    run(main())
    assert cleaned == [True]


def test_a_request_that_was_cancelled_before_it_went_out_is_drawn_for_the_next_who_asks():
    """One flow gives up in the same turn in which another asks for the same draw."""
    model = Fake(slow)

    async def main():
        d = driver(model)
        one = asyncio.create_task(d.run(drawn(1)))
        await asyncio.sleep(5)

        async def other():
            return await d.run(drawn(1))

        one.cancel()
        two = asyncio.create_task(other())
        return await two

    assert run(main()).result.text == "0"
