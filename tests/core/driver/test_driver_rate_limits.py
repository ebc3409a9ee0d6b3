"""Limits of an endpoint: requests in flight, requests and tokens a minute, the pause it asked for."""

from __future__ import annotations

import asyncio

import pytest
from fake_models import Fake, drawn, driver, whole
from stepped import run

from passel.core.errors import Retryable


async def second(asks, progress):
    await asyncio.sleep(1)
    return [whole(ask) for ask in asks]


@pytest.mark.parametrize("limit", [1, 3])
def test_never_more_requests_in_flight_than_the_model_allows(limit):
    model = Fake(second, concurrency=limit)
    run(driver(model).run(drawn(10)))
    assert model.max_in_flight == limit
    assert len(model.asked) == 10


def test_requests_stay_under_the_rate_in_every_window():
    model = Fake(requests_per_minute=60)  # one a second, six at once at most
    run(driver(model).run(drawn(20)))
    start = model.times[0]
    for index, time in enumerate(model.times):
        assert index + 1 <= 6 + (time - start) * 1.0 + 1e-6
    assert model.times[-1] - start == pytest.approx(14.0), "and no slower than allowed"


def test_tokens_stay_under_the_rate():
    # a request holds 8 completion tokens and the 9 bytes that its prompt of one letter is bounded by
    model = Fake(tokens_per_minute=17 * 60)
    run(driver(model).run(drawn(20)))
    assert model.times[-1] - model.times[0] == pytest.approx(14.0)


def test_retry_after_pauses_the_requests_that_were_not_yet_sent():
    refused = []

    async def once(asks, progress):
        await asyncio.sleep(1)
        if not refused:
            refused.append(True)
            raise Retryable("429", retry_after=30.0)
        return [whole(ask) for ask in asks]

    model = Fake(once, concurrency=1)
    assert run(driver(model).run(drawn(3))).result.text == "0 1 2"
    assert model.times[1] - model.times[0] >= 31.0


def test_a_request_that_waits_for_its_rate_waits_for_a_later_pause_too():
    async def first_refused(asks, progress):
        await asyncio.sleep(0.5)
        if len(model.requests) == 6:
            raise Retryable("429", retry_after=30.0)
        return [whole(ask) for ask in asks]

    model = Fake(first_refused, requests_per_minute=60)
    run(driver(model).run(drawn(8)))
    paused_from = model.times[0] + 0.5
    assert [t for t in model.times if paused_from < t < paused_from + 29.9] == []


def test_a_cancelled_wait_gives_its_slot_back():
    async def main():
        d = driver(model)
        first = asyncio.create_task(d.run(drawn(1)))
        waits = asyncio.create_task(d.run(drawn(1, first=1)))
        await asyncio.sleep(0.1)
        waits.cancel()
        await first
        return await d.run(drawn(2, first=2))

    model = Fake(second, concurrency=1)
    assert run(main()).result.text == "2 3"
    assert model.asked == [0, 2, 3]
