"""Bad replies are data; a model that cannot be used at all ends the run."""

from __future__ import annotations

import asyncio

import pytest
from fake_models import Fake, drawn, driver, number, texts, whole
from stepped import run

from passel.core.errors import ModelError, NotRecorded
from passel.core.flow import Flow, sample, together
from passel.core.key import Key
from passel.core.reply import Reply
from passel.core.result import Result


def failing(bad, how):
    """A model whose draws in `bad` go wrong."""

    async def behave(asks, progress):
        await asyncio.sleep(0.01 * number(asks[0]))
        return [how(ask) if number(ask) in bad else whole(ask) for ask in asks]

    return behave


def refuse(ask):
    return Reply(stop="failed", error="400: the prompt is too long")


def crash(ask):
    raise ZeroDivisionError("division by zero in the adapter")


def test_failed_replies_are_counted_and_the_others_are_used():
    outcome = run(driver(Fake(failing({2, 5}, refuse))).run(drawn(8)))
    assert outcome.result.text == "0 1 failed 3 4 failed 6 7"
    assert outcome.failures == {"failed": 2}


@pytest.mark.parametrize("stop", ["length", "filtered"])
def test_replies_that_are_cut_or_withheld_are_counted_by_how_they_stopped(stop):
    outcome = run(driver(Fake(failing({1}, lambda ask: Reply(stop=stop)))).run(drawn(3)))
    assert outcome.failures == {stop: 1}


def test_a_failed_reply_is_not_asked_again_within_the_session():
    model = Fake(failing({1}, refuse))

    async def main():
        d = driver(model)
        await d.run(drawn(2))
        return await d.run(drawn(3))

    assert run(main()).failures == {"failed": 1}
    assert model.asked == [0, 1, 2]


def test_a_bug_in_a_model_becomes_a_failed_reply_that_names_it():
    found: list[Reply] = []

    def flow() -> Flow[Result]:
        found.extend((yield from sample("q", key=Key(), n=3)))
        return texts(found)

    outcome = run(driver(Fake(failing({1}, crash))).run(flow()))
    assert outcome.result.text == "0 failed 2"
    assert found[1].error == "ZeroDivisionError: division by zero in the adapter"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_model_that_returns_too_few_or_too_many_replies_fails_and_does_not_hang(count):
    async def miscounts(asks, progress):
        return [whole(ask) for ask in asks] if number(asks[0]) == 0 else [Reply()] * count

    def flow() -> Flow[Result]:
        yield from sample("other", key=Key())
        return texts((yield from sample("q", key=Key(), first=1, n=2)))

    outcome = run(driver(Fake(miscounts, max_n=2)).run(flow()))
    assert outcome.error is None
    assert outcome.result.text == "failed failed"


def test_a_model_that_is_cancelled_from_within_fails_and_does_not_hang():
    async def gives_up(asks, progress):
        if number(asks[0]) == 1:
            raise asyncio.CancelledError
        return [whole(ask) for ask in asks]

    async def main():
        d = driver(Fake(gives_up))
        await d.run(drawn(1))
        return await d.run(drawn(1, first=1))

    assert run(main()).result.text == "failed"


def test_a_model_error_ends_the_run():
    async def unauthorised(asks, progress):
        raise ModelError("401: no such key")

    with pytest.raises(ModelError, match="401"):
        run(driver(Fake(unauthorised)).run(drawn(2)))


def test_one_refusal_that_comes_back_first_does_not_end_a_run_that_others_answer():
    """Refusals are quick and answers slow: the first reply of a big run may well be a refusal."""

    async def behave(asks, progress):
        if number(asks[0]) == 3:
            return [refuse(asks[0])]
        await asyncio.sleep(5)
        return [whole(asks[0])]

    def flow() -> Flow[Result]:
        found = yield from together([drawn(1, first=i) for i in range(5)])
        return Result(text=" ".join(one.text for one in found))

    assert run(driver(Fake(behave)).run(flow())).result.text == "0 1 2 failed 4"


def test_what_a_replay_does_not_hold_ends_the_flow_as_a_budget_does():
    async def gap(asks, progress):
        raise NotRecorded("the record holds no reply")

    outcome = run(driver(Fake(gap)).run(drawn(1)))
    assert outcome.error is None
    assert outcome.result == Result(stop="budget")
