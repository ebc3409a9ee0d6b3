"""The same work without an event loop, and inside one."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest
from fake_models import Fake, drawn, driver, number, whole

from passel.core.driver import run_sync


def test_outside_a_loop_it_runs_in_this_thread():
    async def where():
        return threading.get_ident()

    assert run_sync(where()) == threading.get_ident()


def test_inside_a_running_loop_it_runs_to_its_end_in_another_thread():
    async def where():
        await asyncio.sleep(0)
        return threading.get_ident()

    async def main():
        return run_sync(where())

    assert asyncio.run(main()) != threading.get_ident()


@pytest.mark.parametrize("inside", [False, True])
def test_errors_come_through(inside):
    async def fails():
        raise KeyError("x")

    async def main():
        return run_sync(fails())

    with pytest.raises(KeyError):
        asyncio.run(main()) if inside else run_sync(fails())


@pytest.mark.parametrize("inside", [False, True])
def test_no_pass_that_a_race_cancelled_is_left_pending_when_the_loop_is_closed(inside, caplog):
    async def behave(asks, progress):
        (ask,) = asks
        try:
            if number(ask):
                await asyncio.sleep(60)
            return [whole(ask)]
        finally:
            await asyncio.sleep(0.01)  # as a connection does that is closed

    async def work():
        return await driver(Fake(behave)).run(drawn(3, until="first"))

    async def main():
        return run_sync(work())

    outcome = asyncio.run(main()) if inside else run_sync(work())
    assert outcome.result.text == "0 cancelled cancelled"
    gc.collect()
    assert [record.message for record in caplog.records] == []
