"""A model for tests of the driver: it answers as it is told and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from passel.core.ask import Ask, Generate, Sampling
from passel.core.driver import Driver, Retries
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.model import Binding, ModelInfo, Progress
from passel.core.reply import Reply, Usage
from passel.core.result import Result

__all__ = ["INFO", "QUICK", "Fake", "drawn", "driver", "number", "texts", "whole"]

INFO = ModelInfo(
    "fake",
    can=frozenset({"text", "score", "embed"}),
    sampling=frozenset({"temperature"}),
    max_tokens=8,
)
QUICK = Retries(initial_wait=0.001, max_wait=0.01)
Behaviour = Callable[[Sequence[Ask], Progress], Awaitable[Sequence[Reply]]]


def number(ask: Ask) -> int:
    """Which draw an ask is."""
    assert isinstance(ask, Generate)
    return int(ask.key.path[-1])


def whole(ask: Ask, tokens: int = 1) -> Reply:
    """A finished reply whose text is the number of its draw."""
    return Reply(text=str(number(ask)), usage=Usage(1, tokens))


async def _at_once(asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
    return [whole(ask) for ask in asks]


class Fake:
    """A model that does what `behave` does, and keeps count."""

    def __init__(self, behave: Behaviour = _at_once, **known: Any) -> None:
        self.info = replace(INFO, **known)
        self.requests: list[list[Ask]] = []
        self.times: list[float] = []
        self.cancelled: list[int] = []
        self.in_flight = 0
        self.max_in_flight = 0
        self._behave = behave

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        self.requests.append(list(asks))
        self.times.append(asyncio.get_running_loop().time())
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            return await self._behave(asks, progress)
        except asyncio.CancelledError:
            self.cancelled += map(number, asks)
            raise
        finally:
            self.in_flight -= 1

    async def aclose(self) -> None:
        pass

    @property
    def asked(self) -> list[int]:
        """The numbers of all draws that were requested, in order."""
        return [number(ask) for asks in self.requests for ask in asks]


def driver(model: Any, sampling: Sampling = Sampling(), **settings: Any) -> Driver:
    """A driver over one model."""
    return Driver({"generator": Binding(model, sampling)}, **{"retries": QUICK, **settings})


def texts(replies: Iterable[Reply]) -> Result:
    """A result that shows what came back."""
    return Result(text=" ".join(reply.text if reply.ok else reply.stop for reply in replies))


def drawn(n: int = 1, *, first: int = 0, prompt: str = "q", **settings: Any) -> Flow[Result]:
    """A flow that draws and tells what it got."""
    return texts((yield from sample(prompt, key=Key(), n=n, first=first, **settings)))
