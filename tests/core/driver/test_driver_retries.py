"""Faults that may pass are tried again, as often and as late as was said."""

from __future__ import annotations

import asyncio

import pytest
from fake_models import Fake, drawn, driver, texts, whole
from hypothesis import given
from hypothesis import strategies as st
from stepped import run

from passel.core.cost import Budget
from passel.core.driver import Ledger, Retries, Scope
from passel.core.errors import ModelError, Retryable
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.reply import Usage
from passel.core.result import Result


def broken(times: int, *, retry_after: float | None = None, tokens: int = 0, from_draw: int = 0):
    """Fails so often before it answers, from a draw on."""
    left = [times]

    async def behave(asks, progress):
        if asks[0].key.path[-1] >= from_draw and left[0]:
            left[0] -= 1
            raise Retryable("503 busy", retry_after, tokens)
        return [whole(ask) for ask in asks]

    return behave


def replies_of(model, n=1, **settings):
    found = []

    def flow() -> Flow[Result]:
        for i in range(n):
            found.extend((yield from sample("q", key=Key(), first=i)))
        return texts(found)

    outcome = run(driver(model, **settings).run(flow()))
    return outcome, found


def test_a_pass_that_failed_in_passing_is_tried_again_and_says_how_often():
    model = Fake(broken(2))
    outcome, (reply,) = replies_of(model)
    assert outcome.result.text == "0"
    assert reply.attempts == 3
    assert len(model.requests) == 3
    assert outcome.failures == {}


def test_it_gives_up_after_the_limit_and_the_reply_says_why():
    model = Fake(broken(99, from_draw=1))
    outcome, (_, reply) = replies_of(model, n=2, retries=Retries(max_retries=3, initial_wait=0.001))
    assert reply.stop == "failed"
    assert reply.attempts == 4
    assert "503 busy" in reply.error
    assert model.asked == [0, 1, 1, 1, 1]
    assert outcome.failures == {"failed": 1}


def test_it_never_comes_back_sooner_than_the_endpoint_asked():
    model = Fake(broken(1, retry_after=20.0))
    replies_of(model)
    assert model.times[1] - model.times[0] >= 20.0


def test_waits_grow_and_stay_within_their_bounds():
    retries = Retries(max_retries=20, initial_wait=0.5, max_wait=8.0)
    model = Fake(broken(20))
    replies_of(model, retries=retries)
    waits = [b - a for a, b in zip(model.times, model.times[1:], strict=False)]
    for attempt, wait in enumerate(waits):
        most = min(8.0, 0.5 * 2.0**attempt)
        assert 0.5 * most - 1e-9 <= wait < most


@given(st.integers(0, 30), st.integers(0, 2**32), st.none() | st.floats(0, 1e4))
def test_a_wait_depends_on_nothing_but_the_ask_and_the_attempt(attempt, seed, after):
    retries = Retries()
    wait = retries.wait(attempt, Key(seed), after)
    assert wait == retries.wait(attempt, Key(seed), after)
    assert wait >= (after or 0.0)
    assert wait <= max(30.0, after or 0.0)


def test_tokens_of_broken_attempts_are_paid_for():
    model = Fake(broken(2, tokens=5))
    outcome, (reply,) = replies_of(model)
    assert (reply.usage, reply.wasted, reply.attempts) == (Usage(1, 1), 10, 3)
    assert outcome.cost.completion_tokens == 1  # the method's own work; the run's ledger has all 11


def test_a_retry_that_the_budget_has_no_room_for_is_not_made_and_nothing_hangs():
    # After the first draw 2 tokens are spent and the prompt is known to take 1, so the second draw holds 1 + 8.
    # Its broken attempt took 7: 2 + 9 + 7 is more than 17. The only open hold is its own.
    model = Fake(broken(1, tokens=7, from_draw=1))
    d = driver(model, budget=Budget(tokens=17))

    async def main():
        await d.run(drawn(1))
        return await d.run(drawn(1, first=1))

    assert run(main()).result.text == "failed"
    assert model.asked == [0, 1]
    assert d.ledger.spent.completion_tokens == 1 + 7


def test_two_passes_that_both_need_a_retry_do_not_wait_for_each_other():
    model = Fake(broken(2, tokens=7, from_draw=1))
    d = driver(model, budget=Budget(tokens=2 + 9 + 9 + 4))

    async def main():
        await d.run(drawn(1))
        return await asyncio.gather(d.run(drawn(1, first=1)), d.run(drawn(1, first=2)))

    run(main())
    assert d.ledger.spent.tokens <= 2 + 9 + 9 + 4


def test_a_problems_own_budget_is_not_passed_by_retries():
    model = Fake(broken(3, tokens=7, from_draw=1))
    scope = Scope(ledger=Ledger(Budget(tokens=17)))

    async def main():
        d = driver(model)
        await d.run(drawn(1))
        await d.run(drawn(1, first=1), scope)

    run(main())
    assert scope.ledger.spent.tokens <= 17


def test_a_model_that_never_answered_ends_the_run():
    with pytest.raises(ModelError, match="503 busy"):
        replies_of(Fake(broken(99)), retries=Retries(max_retries=2, initial_wait=0.001))
