"""A driver that lives long: what it remembers stays bounded, and what it forgot is never paid for wrongly."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fake_models import Fake, drawn, driver, texts, whole
from stepped import run

from passel.core.ask import Sampling
from passel.core.cost import Budget
from passel.core.driver import Ledger, MemoryStore, Record, Scope, flights, loop
from passel.core.driver import roles as roles_module
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.lru import LRU
from passel.core.reply import Reply
from passel.core.result import Result

REQUESTS, KEPT = 3000, 50


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that remembers little."""
    monkeypatch.setattr(flights, "_MAX_FAILED", KEPT)
    monkeypatch.setattr(flights, "_MAX_PROMPTS", KEPT)
    monkeypatch.setattr(loop, "_MAX_CHARGED", 2 * KEPT)
    monkeypatch.setattr(roles_module, "_MAX_SETTINGS", KEPT)


def sizes(root: object) -> dict[str, int]:
    """How many entries every collection holds that can be reached from an object of the driver."""
    found: dict[str, int] = {}
    seen: set[int] = set()

    def look(value: Any, path: str) -> None:
        if id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, dict | list | set | LRU):
            found[path] = len(value)
        elif type(value).__module__.startswith("passel."):
            names = [n for kind in type(value).__mro__ for n in getattr(kind, "__slots__", ())]
            for name in dict.fromkeys([*names, *getattr(value, "__dict__", {})]):
                look(getattr(value, name, None), f"{path}.{name}")

    look(root, "driver")
    return found


async def sometimes_broken(asks, progress):
    await asyncio.sleep(0)
    return [Reply("failed", error="no") if "7" in ask.prompt else whole(ask) for ask in asks]


def test_thousands_of_prompts_leave_a_bounded_memory_and_the_right_costs(forgetful):
    model = Fake(sometimes_broken)

    async def main():
        d = driver(model, store=MemoryStore(KEPT), budget=Budget(passes=10**9))
        for number in range(REQUESTS):
            sampling = Sampling(temperature=1 + number / REQUESTS)
            outcome = await d.run(drawn(2, prompt=f"q{number}", sampling=sampling), Scope(ledger=Ledger(Budget())))
            assert outcome.cost.passes == 2
        return d

    d = run(main())
    assert max(sizes(d).values()) <= 2 * KEPT
    assert {name.rpartition(".")[2] for name in sizes(d)} >= {"failed", "_prompt_tokens", "_charged", "_complete"}
    assert len(model.asked) == d.ledger.spent.passes == 2 * REQUESTS


def test_what_was_forgotten_is_asked_again_and_paid_again(forgetful):
    model = Fake()

    async def main():
        d = driver(model, store=MemoryStore(KEPT))
        first = await d.run(drawn(1))
        await d.run(drawn(KEPT, prompt="others"))
        return first, await d.run(drawn(1)), d.ledger.spent.passes

    first, again, passes = run(main())
    assert first.result == again.result
    assert (first.cost.passes, again.cost.passes) == (1, 1)
    assert len(model.asked) == passes == KEPT + 2


@pytest.mark.parametrize("behave", [None, sometimes_broken])
def test_a_flow_is_given_the_same_reply_again_however_much_it_asked_for_meanwhile(forgetful, behave):
    """Were it made again, the flow's own account, which counts an address once, would not show it."""

    def flow() -> Flow[Result]:
        before = yield from sample("q7", key=Key(), n=2)
        for number in range(5):
            yield from sample(f"others {number} 7", key=Key(), n=KEPT)
        return texts([*before, *(yield from sample("q7", key=Key(), n=2))])

    async def main():
        d = driver(model, store=MemoryStore(KEPT))
        scope = Scope(ledger=Ledger(Budget(passes=5 * KEPT + 2)))
        return await d.run(flow(), scope), d.ledger.spent.passes

    model = Fake(*([behave] if behave else []))
    outcome, passes = run(main())
    assert outcome.result.stop == "done"
    assert outcome.cost.passes == passes == len(model.asked) == 5 * KEPT + 2


def test_a_record_forgets_nothing_and_a_driver_that_forgot_never_passes_its_budget(forgetful, tmp_path):
    model = Fake()
    record = Record(tmp_path / "record.sqlite")

    async def main():
        d = driver(model, store=record, budget=Budget(passes=4 * KEPT))
        await d.run(drawn(3 * KEPT))
        again = await d.run(drawn(3 * KEPT))
        more = await d.run(drawn(4 * KEPT))
        return again, more, d.ledger.spent.passes

    again, more, passes = run(main())
    record.close()
    assert again.result.stop == "budget" or again.cost.passes == 3 * KEPT
    assert len(model.asked) == len(set(model.asked)) <= 4 * KEPT
    assert passes <= 4 * KEPT
    assert more.error is None


def test_flows_over_one_record_share_everything_while_the_driver_remembers_it(tmp_path):
    model = Fake()
    record = Record(tmp_path / "record.sqlite")

    async def main():
        d = driver(model, store=record)
        for _ in range(3):
            await d.run(drawn(200))
        return d.ledger.spent.passes

    assert run(main()) == 200 == len(model.asked)
    record.close()
