"""The ledger alone: holds, waits, and charges that count once."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from stepped import run

from passel.core.cost import Budget, Cost
from passel.core.driver import Ledger

LINE = ("model", "role", "label")
costs = st.builds(
    Cost,
    passes=st.integers(0, 5),
    prompt_tokens=st.integers(0, 50),
    completion_tokens=st.integers(0, 50),
    money=st.floats(0, 5),
)


@given(st.lists(st.tuples(costs, st.floats(0, 1)), max_size=8), st.integers(0, 10), st.integers(0, 200))
def test_who_holds_only_what_fits_never_passes_the_budget(steps, passes, tokens):
    ledger = Ledger(Budget(passes=passes, tokens=tokens))
    for number, (worst, share) in enumerate(steps):
        if ledger.fits(worst):
            ledger.hold(worst)
            real = Cost(worst.passes, prompt_tokens=int(worst.prompt_tokens * share))
            ledger.charge(str(number), LINE, real)
            ledger.release(worst)
    assert ledger.spent.passes <= passes
    assert ledger.spent.tokens <= tokens


@given(st.lists(costs, max_size=6))
def test_what_was_held_is_given_back_without_a_rest(holds):
    ledger = Ledger(Budget(passes=100, tokens=10_000, money=100.0))
    for cost in holds:
        ledger.hold(cost)
    for cost in reversed(holds):
        ledger.release(cost)
    assert ledger.left() == Budget(passes=100, tokens=10_000, money=100.0)


def test_a_reply_that_is_used_twice_is_paid_once():
    ledger = Ledger()
    for _ in range(2):
        ledger.charge_once("a", LINE, Cost(passes=1, completion_tokens=7))
    assert ledger.spent == Cost(passes=1, completion_tokens=7)


def test_the_rest_is_paid_after_a_part():
    ledger = Ledger()
    ledger.charge_once("a", LINE, Cost(passes=1, prompt_tokens=2, completion_tokens=3), part=True)
    ledger.charge_once("a", LINE, Cost(passes=1, prompt_tokens=2, completion_tokens=9))
    ledger.charge_once("a", LINE, Cost(passes=1, prompt_tokens=2, completion_tokens=3), part=True)
    assert ledger.spent == Cost(passes=1, prompt_tokens=2, completion_tokens=9)


def test_lines_add_up_to_what_was_spent():
    ledger = Ledger()
    ledger.charge("a", ("m", "generator", ""), Cost(passes=1, completion_tokens=2))
    ledger.charge("b", ("m", "judge", "x"), Cost(passes=1, completion_tokens=5))
    ledger.charge("c", ("m", "generator", ""), Cost(passes=1, completion_tokens=1))
    assert ledger.lines["m", "generator", ""] == Cost(passes=2, completion_tokens=3)
    assert sum(ledger.lines.values(), Cost()) == ledger.spent


def test_there_is_no_room_to_wait_for_where_nothing_is_held():
    async def main():
        return await Ledger(Budget(passes=1)).room(Cost(passes=2))

    assert run(main()) is False


def test_there_is_no_room_to_wait_for_where_the_cost_alone_is_too_much():
    async def main():
        ledger = Ledger(Budget(passes=1))
        ledger.hold(Cost(passes=1))
        return await ledger.room(Cost(passes=2))

    assert run(main()) is False


def test_a_wait_ends_when_a_hold_does():
    async def main():
        ledger = Ledger(Budget(passes=1))
        ledger.hold(Cost(passes=1))
        wait = asyncio.ensure_future(ledger.room(Cost(passes=1)))
        await asyncio.sleep(1)
        assert not wait.done()
        ledger.release(Cost(passes=1))
        return await wait

    assert run(main()) is True
