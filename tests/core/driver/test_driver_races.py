"""A race cancels what it no longer needs, and pays for what was made until then."""

from __future__ import annotations

import asyncio

from fake_models import Fake, drawn, driver, number, texts, whole
from stepped import run

from passel.core.cost import Budget
from passel.core.driver import MemoryStore
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.reply import Reply
from passel.core.result import Result


def takes(*seconds: float, bad: dict[int, Reply] | None = None):
    """Draw i takes so many seconds and makes one token in each."""

    async def behave(asks, progress):
        (ask,) = asks
        progress.prompt_tokens = 5
        for second in range(int(seconds[number(ask)])):
            await asyncio.sleep(1)
            progress.completion_tokens[0] = second + 1
            progress.texts[0] += "x"
        return [(bad or {}).get(number(ask)) or whole(ask, int(seconds[number(ask)]))]

    return behave


def test_the_first_to_finish_wins_and_the_losers_are_cancelled():
    model = Fake(takes(9, 2, 7))
    assert run(driver(model).run(drawn(3, until="first"))).result.text == "cancelled 1 cancelled"
    assert sorted(model.cancelled) == [0, 2]


def test_a_race_for_k_waits_for_k():
    model = Fake(takes(9, 2, 7, 4))
    assert run(driver(model).run(drawn(4, until=2))).result.text == "cancelled 1 cancelled 3"
    assert sorted(model.cancelled) == [0, 2]


def test_a_failed_or_truncated_reply_does_not_win():
    bad = {0: Reply(stop="failed", error="refused"), 1: Reply(stop="length", text="x")}
    model = Fake(takes(1, 2, 3, 9, bad=bad))
    outcome = run(driver(model).run(drawn(4, until="first")))
    assert outcome.result.text == "failed length 2 cancelled"
    assert outcome.failures == {"failed": 1, "length": 1}


def test_a_race_that_nobody_wins_ends_when_all_have_ended():
    bad = {i: Reply(stop="length") for i in range(3)}
    assert run(driver(Fake(takes(1, 2, 3, bad=bad))).run(drawn(3, until=1))).result.text == "length length length"


def test_what_a_loser_had_made_is_charged_and_nothing_more():
    d = driver(Fake(takes(9, 2, 7)))

    async def main():
        outcome = await d.run(drawn(3, until="first"))
        await asyncio.sleep(20)
        return outcome

    outcome = run(main())
    assert outcome.cost.passes == d.ledger.spent.passes == 3
    assert outcome.cost.completion_tokens == d.ledger.spent.completion_tokens
    assert 2 * 3 - 2 <= outcome.cost.completion_tokens <= 2 * 3  # both losers had made a token a second too
    assert outcome.cost.prompt_tokens == 1 + 5 + 5


def test_a_loser_that_was_never_sent_costs_nothing():
    model = Fake(takes(1, 9, 9), concurrency=1)
    outcome = run(driver(model).run(drawn(3, until="first")))
    assert 2 not in model.asked
    assert outcome.cost.passes == len(model.asked)


def test_a_loser_that_another_flow_wants_is_not_cancelled():
    model = Fake(takes(9, 2))

    async def main():
        d = driver(model)
        return await asyncio.gather(d.run(drawn(2, until="first")), d.run(drawn(1)))

    race, other = run(main())
    assert race.result.text == "cancelled 1"
    assert other.result.text == "0"
    assert model.cancelled == []
    assert model.asked == [0, 1]


def test_a_loser_that_is_asked_for_right_after_the_race_is_drawn_whole():
    def flow() -> Flow[Result]:
        yield from sample("q", key=Key(), n=2, until="first")
        return texts((yield from sample("q", key=Key(), n=2)))

    model = Fake(takes(9, 2))
    assert run(driver(model).run(flow())).result.text == "0 1"


def test_a_loser_that_is_asked_for_later_is_drawn_whole():
    model = Fake(takes(9, 2))

    async def main():
        d = driver(model)
        await d.run(drawn(2, until="first"))
        await asyncio.sleep(1)
        return await d.run(drawn(2))

    assert run(main()).result.text == "0 1"


def test_a_race_that_was_run_before_ends_as_it_did_and_asks_nothing():
    store, model = MemoryStore(), Fake(takes(9, 2, 7))

    async def main():
        d = driver(model, store=store)
        first = await d.run(drawn(3, until="first"))
        d.close()
        asked = len(model.requests)
        again = await driver(model, store=store).run(drawn(3, until="first"))
        return first, again, len(model.requests) - asked

    first, again, more = run(main())
    assert first.result == again.result
    assert more == 0
    assert again.cost == first.cost


def test_drawing_a_loser_again_does_not_pass_the_budget():
    d = driver(Fake(takes(9, 2)), budget=Budget(passes=2))

    async def main():
        await d.run(drawn(2, until="first"))  # both were sent: two passes
        await asyncio.sleep(1)
        return await d.run(drawn(1))

    again = run(main())
    assert d.ledger.spent.passes <= 2
    assert again.result.stop == "budget"


def test_a_loser_is_not_charged_more_than_was_held_for_it():
    """Until a model says how long a prompt is, its bytes bound it; once one reply has said it, that holds."""

    async def silent(asks, progress):
        await asyncio.sleep(1 + 10 * (number(asks[0]) == 2))
        return [whole(ask, 8) for ask in asks]

    budget = Budget(tokens=2 + 500 + 100)
    d = driver(Fake(silent), budget=budget)

    async def main():
        prompt = "a long prompt " * 30
        await d.run(drawn(1, prompt=prompt))
        left = budget.tokens - d.ledger.spent.tokens
        tight = Budget(tokens=d.ledger.spent.tokens + 2 * (1 + 8))
        assert left > 2 * (1 + 8)
        d.ledger.budget = tight
        await d.run(drawn(2, first=1, prompt=prompt, until="first"))
        await asyncio.sleep(1)
        return tight

    tight = run(main())
    assert d.ledger.spent.tokens <= tight.tokens


def test_races_in_tokens_do_not_depend_on_the_clock_and_keep_the_draws_for_others():
    async def slow_but_short(asks, progress):
        (ask,) = asks
        await asyncio.sleep(10 - number(ask))
        return [whole(ask, tokens=3 + number(ask))]

    model = Fake(slow_but_short)

    async def main():
        d = driver(model, races="tokens")
        race = await d.run(drawn(3, until="first"))
        return race, await d.run(drawn(3)), d.ledger.spent

    race, other, spent = run(main())
    assert race.result.text == "0 cancelled cancelled"
    assert race.cost.completion_tokens == 9, "the losers count up to the winner's length"
    assert other.result.text == "0 1 2"
    assert model.cancelled == []
    assert spent.completion_tokens == 3 + 4 + 5, "the run pays for what was really made"


def test_an_instant_model_has_no_clock_to_race_against():
    async def at_once(asks, progress):
        return [whole(ask, tokens=5 - number(ask)) for ask in asks]

    outcome = run(driver(Fake(at_once, instant=True)).run(drawn(3, until="first")))
    assert outcome.result.text == "cancelled cancelled 2"


def test_a_cancelled_pass_is_kept_in_the_pool_with_what_it_had_made():
    store = MemoryStore()
    kept = []

    class Watched:
        get, last = store.get, store.last

        def put(self, entries):
            kept.extend(entries)
            return store.put(entries)

    run(driver(Fake(takes(9, 3)), store=Watched()).run(drawn(2, until="first")))
    (loser,) = [entry.reply for entry in kept if entry.reply.stop == "cancelled"]
    assert loser.text == "x" * loser.usage.completion_tokens
    assert loser.usage.completion_tokens in (2, 3)
