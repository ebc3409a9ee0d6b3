"""Replay: what was recorded comes back as it was; what was not is an error of that flow alone."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from passel.core.ask import Sampling
from passel.core.driver import Driver, MemoryStore, Outcome, Record, Scope
from passel.core.errors import NotRecorded, UsageError
from passel.core.flow import race, sample
from passel.core.key import Key
from passel.core.model import Binding, Progress
from passel.core.problem import Problem
from passel.core.reply import Reply, Usage
from passel.core.result import Result
from passel.methods.vote import vote
from passel.models.replay import Replay, ReplayedStore, replay
from passel.models.toy import Toy, toy

PROBLEM = Problem("p", "What is 4 + 3?")


def run(model, store, flow) -> Outcome:
    async def main():
        driver = Driver({"generator": Binding(model, Sampling(max_tokens=9))}, store=store)
        try:
            return await driver.run(flow, Scope("p"))
        finally:
            driver.close()

    return asyncio.run(main())


def test_the_same_flow_ends_as_it_did_without_a_model():
    store, model = MemoryStore(), toy()
    first = run(model, store, vote(PROBLEM, key=Key(), n=5))
    again = run(Replay(model.info), ReplayedStore(store), vote(PROBLEM, key=Key(), n=5))
    assert again.error is None
    assert again.result == first.result
    assert again.cost == first.cost


def test_other_methods_use_what_was_recorded():
    store, model = MemoryStore(), toy()
    run(model, store, vote(PROBLEM, key=Key(), n=5))
    fewer = run(Replay(model.info), ReplayedStore(store), vote(PROBLEM, key=Key(), n=3))
    assert fewer.result == run(model, MemoryStore(), vote(PROBLEM, key=Key(), n=3)).result


def test_where_the_record_ends_a_method_goes_by_what_there_is():
    store, model = MemoryStore(), toy()
    two = run(model, store, vote(PROBLEM, key=Key(), n=2))
    gap = run(Replay(model.info), ReplayedStore(store), vote(PROBLEM, key=Key(), n=3))
    assert gap.error is None
    assert gap.result == replace(two.result, stop="budget")


def test_failed_replies_are_replayed_as_they_were():
    class Refuses(Toy):
        async def answer(self, asks, progress):
            return [Reply("failed", error="400") if ask.key.path[-1] == 1 else self.reply(ask) for ask in asks]

    store, model = MemoryStore(), Refuses(toy().distribution)
    flow = lambda: vote(PROBLEM, key=Key(), n=3)  # noqa: E731
    first = run(model, store, flow())
    again = run(Replay(model.info), ReplayedStore(store), flow())
    assert first.failures == again.failures == {"failed": 1}
    assert again.result == first.result


def test_a_race_by_the_clock_is_replayed_with_the_winner_it_had(tmp_path):
    from dataclasses import dataclass, field, replace

    @dataclass(frozen=True, eq=False)
    class Slow:
        """The longest answer comes first, against the order by tokens."""

        info: object = field(default_factory=lambda: replace(toy().info, name="slow", instant=False, max_n=1))

        async def answer(self, asks, progress):
            number = asks[0].key.path[-1]
            await asyncio.sleep(0.001 if number == 2 else 30)
            return [Reply(text=str(number), usage=Usage(1, 1 + number))]

    def flow():
        replies = yield from race("q", key=Key(), n=4)
        return Result(text=" ".join(reply.text or reply.stop for reply in replies))

    store = Record(tmp_path / "r.sqlite")
    model = Slow()
    first = run(model, store, flow())
    again = run(Replay(model.info), ReplayedStore(store), flow())
    store.close()
    assert first.result.text == "cancelled cancelled 2 cancelled"
    assert again.result == first.result


def test_a_replay_asks_nothing():
    async def main():
        await Replay(toy().info).answer(next(sample("q", key=Key())).asks, Progress.of(1))

    with pytest.raises(NotRecorded):
        asyncio.run(main())


def test_the_spec_names_the_folder_of_a_run(tmp_path):
    Record(tmp_path / "record.sqlite").close()
    (tmp_path / "run.json").write_text(json.dumps({"model": "toy:skill=0.7"}))
    model = replay(str(tmp_path))
    assert (model.info.name, model.info.instant) == ("toy:skill=0.7", True)
    assert replay(str(tmp_path), model="toy").info.name == "toy"


def test_a_replay_needs_a_folder():
    with pytest.raises(UsageError, match="replay:DIR"):
        replay("")
