"""A budget is never passed, and what fits in it is not refused."""

from __future__ import annotations

import asyncio

import pytest
from fake_models import Fake, drawn, driver, number, texts, whole
from stepped import run

from passel.core.cost import Budget, Price
from passel.core.driver import Ledger, MemoryStore, Scope
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, Left, sample, sample_within, together
from passel.core.key import Key
from passel.core.reply import Reply, Usage
from passel.core.result import Result

WORST = 9 + 8  # the prompt "q" is bounded by its byte and 8 for a template; max_tokens is 8


async def full(asks, progress):
    """Every reply takes all that it may, after a second."""
    await asyncio.sleep(1)
    return [Reply(text=str(number(ask)), usage=Usage(9, 8)) for ask in asks]


async def frugal(asks, progress):
    await asyncio.sleep(1)
    return [whole(ask) for ask in asks]


@pytest.mark.parametrize("where", ["run", "problem"])
@pytest.mark.parametrize("behave", [full, frugal])
@pytest.mark.parametrize("flows", [1, 3])
def test_no_budget_in_tokens_is_ever_passed(where, behave, flows):
    async def main(tokens):
        budget = Budget(tokens=tokens)
        d = driver(Fake(behave, max_n=2), budget=budget if where == "run" else None)
        scopes = [Scope(ledger=Ledger(budget if where == "problem" else None)) for _ in range(flows)]
        outcomes = await asyncio.gather(*(d.run(drawn(3, first=2 * i), scope) for i, scope in enumerate(scopes)))
        return d, scopes, outcomes

    for tokens in range(0, flows * 3 * WORST + 3, 3):
        d, scopes, outcomes = run(main(tokens))
        for ledger in [d.ledger] if where == "run" else [scope.ledger for scope in scopes]:
            assert ledger.spent.tokens <= tokens
        assert all(outcome.error is None for outcome in outcomes)
        if tokens >= flows * 3 * WORST:
            assert all(outcome.result.stop == "done" for outcome in outcomes)


def test_nothing_is_sent_of_a_round_that_does_not_fit():
    model = Fake()
    outcome = run(driver(model, budget=Budget(passes=2)).run(drawn(3)))
    assert model.requests == []
    assert outcome.result == Result(stop="budget")
    assert outcome.error is None


@pytest.mark.parametrize(("passes", "fits"), [(0, 0), (1, 1), (2, 2)])
def test_the_flow_is_told_how_many_of_its_asks_would_fit(passes, fits):
    def flow() -> Flow[Result]:
        try:
            yield from sample("q", key=Key(), n=3)
        except OutOfBudget as short:
            return Result(text=str(short.fits))
        return Result(text="all")

    assert run(driver(Fake(), budget=Budget(passes=passes)).run(flow())).result.text == str(fits)


def test_replies_that_are_there_already_cost_nothing_more_and_are_counted_as_fitting():
    def within() -> Flow[Result]:
        return texts((yield from sample_within("q", key=Key(), n=5)))

    async def main():
        d = driver(Fake(), budget=Budget(passes=3))
        await d.run(drawn(2))
        return await d.run(within()), d.ledger.spent.passes

    outcome, passes = run(main())
    assert outcome.result.text == "0 1 2"
    assert passes == 3


def test_replies_of_an_earlier_session_count_against_the_budget():
    store = MemoryStore()

    async def main():
        await driver(Fake(), store=store).run(drawn(2))
        d = driver(Fake(), store=store, budget=Budget(passes=2))
        return await d.run(drawn(3)), await d.run(drawn(2)), d.ledger.spent.passes

    three, two, passes = run(main())
    assert three.result.stop == "budget"
    assert two.result.text == "0 1"
    assert passes == 2


def test_a_round_waits_for_open_holds_before_it_is_refused():
    """The budget is enough for both only because the first takes less than its worst case."""

    async def main():
        d = driver(model, budget=Budget(tokens=2 + WORST))
        return await asyncio.gather(d.run(drawn(1)), d.run(drawn(1, first=1, prompt="p")))

    model = Fake(frugal)
    first, second = run(main())
    assert (first.result.text, second.result.text) == ("0", "1")
    assert model.times[1] - model.times[0] >= 1.0


def test_and_is_refused_when_they_settle_at_their_worst():
    async def main():
        d = driver(Fake(full), budget=Budget(tokens=2 * WORST - 1))
        return await asyncio.gather(d.run(drawn(1)), d.run(drawn(1, first=1, prompt="p")))

    first, second = run(main())
    assert first.result.text == "0"
    assert second.result == Result(stop="budget")


def test_a_wait_for_room_that_is_cancelled_leaves_the_others_be():
    async def main():
        d = driver(Fake(frugal), budget=Budget(tokens=2 + WORST))
        first = asyncio.create_task(d.run(drawn(1)))
        waits = asyncio.create_task(d.run(drawn(1, first=1)))
        await asyncio.sleep(0.5)
        waits.cancel()
        await first
        return await d.run(drawn(1, first=2))

    assert run(main()).result.text == "2"


def test_a_budget_in_money_counts_prices_of_prompt_and_completion():
    model = Fake(full, price=Price(prompt=1e6, completion=2e6))  # 9 + 16 = 25 dollars a pass

    async def main(money):
        d = driver(model, budget=Budget(money=money))
        return await d.run(_within(4)), d.ledger.spent

    for money, passes in ((24.99, 0), (25, 1), (74, 2), (75, 3), (99.9, 3), (100, 4)):
        outcome, spent = run(main(money))
        assert spent.passes == passes
        assert spent.money == 25 * passes <= money
        assert outcome.result.stop == ("done" if passes else "budget")


def _within(n: int) -> Flow[Result]:
    return texts((yield from sample_within("q", key=Key(), n=n)))


def test_cached_prompt_tokens_are_paid_at_their_own_price():
    async def cached(asks, progress):
        return [Reply(usage=Usage(100, 10, 60)) for _ in asks]

    outcome = run(driver(Fake(cached, price=Price(1.0, 2.0, 0.1), parameters=5.0)).run(drawn(1)))
    assert outcome.cost.money == pytest.approx((40 * 1.0 + 60 * 0.1 + 10 * 2.0) / 1e6)
    assert outcome.cost.flops == 2.0 * 5.0 * 50


def test_a_budget_in_seconds_ends_in_time_with_the_best_so_far():
    def flow() -> Flow[Result]:
        best = ""
        try:
            for i in range(100):
                (reply,) = yield from sample("q", key=Key(), first=i)
                best = reply.text
        except OutOfBudget:
            return Result(text=best, stop="budget")
        return Result(text=best)

    async def main():
        loop = asyncio.get_running_loop()
        start = loop.time()
        outcome = await driver(model, budget=Budget(seconds=3.5)).run(flow())
        return outcome, loop.time() - start

    model = Fake(frugal)
    outcome, seconds = run(main())
    assert outcome.result == Result(text="2", stop="budget")
    assert seconds == 3.5
    assert model.cancelled == [3]


def test_when_time_is_up_the_flow_is_told_how_many_of_its_asks_were_answered():
    async def one_a_second(asks, progress):
        await asyncio.sleep(1 + number(asks[0]))
        return [whole(ask) for ask in asks]

    outcome = run(driver(Fake(one_a_second), budget=Budget(seconds=3.5)).run(_within(9)))
    assert outcome.result.text == "0 1 2"


def test_left_is_the_least_of_both_budgets_less_what_is_held():
    seen = []

    def flow() -> Flow[Result]:
        seen.append((yield Left()))
        yield from together([drawn(2), _look()])
        seen.append((yield Left()))
        return Result()

    def _look() -> Flow[Result]:
        seen.append((yield Left()))
        return Result()

    scope = Scope(ledger=Ledger(Budget(passes=9, tokens=1000)))
    run(driver(Fake(frugal), budget=Budget(passes=5, money=1.0, seconds=60)).run(flow(), scope))
    assert seen == [
        Budget(passes=5, tokens=1000, money=1.0, seconds=60),
        Budget(passes=3, tokens=1000 - 2 * WORST, money=1.0, seconds=60),
        Budget(passes=3, tokens=996, money=1.0, seconds=59),
    ]


def test_without_a_budget_nothing_is_left_limited():
    seen = []

    def flow() -> Flow[Result]:
        seen.append((yield Left()))
        return Result()

    run(driver(Fake()).run(flow()))
    assert seen == [Budget()]


def test_a_shared_reply_counts_once_for_the_run_and_in_full_for_each_problem():
    async def main():
        d = driver(Fake(frugal), budget=Budget(passes=2))
        scopes = [Scope(ledger=Ledger(Budget(passes=2))) for _ in range(3)]
        outcomes = await asyncio.gather(*(d.run(drawn(2), scope) for scope in scopes))
        return d, outcomes

    d, outcomes = run(main())
    assert d.ledger.spent.passes == 2
    assert [outcome.cost.passes for outcome in outcomes] == [2, 2, 2]
