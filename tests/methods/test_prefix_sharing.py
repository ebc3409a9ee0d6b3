"""A prefix that draws share is paid for once, though the server keeps no more than what it was asked last."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from passel.core.ask import Generate
from passel.core.driver import Driver, Scope
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.plant import Plant
from passel.core.problem import Problem
from passel.methods import load
from passel.models.planted import planted

PRM = "verifier=prm:verifier.aggregate=last"
PROBLEM = Problem("1", Plant(5, 5, 4).question)


class OneSlot:
    """A planted model on a server that keeps one sequence: the prefix of its last draw is found computed."""

    def __init__(self, **settings):
        self.inner = planted(**settings)
        self.info = self.inner.info
        self.kept = None
        self.computed = Counter()
        self.drawn = Counter()
        self.saved = 0

    async def answer(self, asks, progress):
        return [self.one(ask) for ask in asks]

    async def aclose(self):
        pass

    def one(self, ask):
        reply = self.inner.reply(ask)
        if not isinstance(ask, Generate):
            return reply
        found = ask.prefix == self.kept
        self.kept = ask.prefix
        self.drawn[ask.prefix] += 1
        self.computed[ask.prefix] += not found
        cached = reply.usage.prompt_tokens if found else 0
        self.saved += cached
        return replace(reply, usage=replace(reply.usage, cached_tokens=cached))


def searched(spec, model):
    async def main():
        driver = Driver({"generator": Binding(model)})
        try:
            return await driver.run(load(spec).make(PROBLEM, key=Key(3)), Scope("1"))
        finally:
            driver.close()

    return asyncio.run(main())


SEARCHES = {
    f"beam:n=8:width=4:{PRM}": 4,
    f"step_best_of:n=8:{PRM}": 8,
    f"lookahead:n=8:width=4:max_rollout_steps=0:{PRM}": 4,
    f"a_star:n=4:expansions=4:{PRM}": 4,
    "saffron:n=2:width=4": 4,
    "best_of:n=8:verifier=orm": 8,
}
"""By spec, how many draws a prefix has at least, if it has any."""


@pytest.mark.parametrize("spec", [*SEARCHES, f"particle_filter:n=12:{PRM}"])
def test_each_prefix_is_computed_once_however_often_it_is_drawn_from(spec):
    model = OneSlot(chance=0.5, rho=0.9)
    cost = searched(spec, model).cost
    assert set(model.computed.values()) == {1}
    assert min(model.drawn.values()) >= SEARCHES.get(spec, 1)
    assert cost.cached_tokens == model.saved > 0
