"""Passes in the air: asks alike go out as one request, an ask in flight is joined and not sent again, and a pass that
nobody waits for any more is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from passel.core.ask import Call, Generate
from passel.core.cost import Cost
from passel.core.driver.ledger import Ledger
from passel.core.driver.passes import BoundAsk, Retries, cost_of, run_tool, send, worst_case
from passel.core.driver.rate_limiter import RateLimiter
from passel.core.driver.record import Entry, ReplyStore
from passel.core.errors import ModelError
from passel.core.lru import LRU
from passel.core.model import Binding, Model, Progress, prompt_bound
from passel.core.reply import Reply, Usage

__all__ = ["Flight", "Flights"]

_MAX_FAILED = 4096
_MAX_PROMPTS = 4096


class Flight:
    """One ask on its way. It ends with a reply or an error, and tells those who wait: a list of functions, called with
    the flight. (No future a flight: a round waits for one future, whatever it asks for.)"""

    __slots__ = ("bound", "error", "group", "hold", "index", "landing", "reply", "waiting")

    def __init__(self, bound: BoundAsk, hold: Cost | None) -> None:
        self.bound, self.hold = bound, hold
        self.group: _Request | None = None  # set when it takes off
        self.index = 0
        self.landing: Reply | None = None  # come, and not yet committed
        self.reply: Reply | None = None
        self.error: Exception | None = None
        self.waiting: list[Callable[[Flight], None]] = []

    @property
    def landed(self) -> bool:
        """Whether it has ended."""
        return self.reply is not None or self.error is not None

    def end(self, reply: Reply | None, error: Exception | None = None) -> None:
        """Sets how it ended and tells those who wait."""
        self.reply, self.error = reply, error
        for tell in self.waiting:
            tell(self)

    def so_far(self) -> Reply:
        """What it has produced, as a cancelled reply."""
        progress = self.group.progress if self.group else None
        if progress is None or not progress.sent:
            return Reply("cancelled")
        prompt = 0
        if self.index == 0 and isinstance(self.bound.ask, Generate):
            bound = self.hold.prompt_tokens if self.hold else prompt_bound(self.bound.ask)
            prompt = progress.prompt_tokens or bound
        usage = Usage(prompt, progress.completion_tokens[self.index])
        return Reply("cancelled", progress.texts[self.index], usage=usage)


class _Request:
    """Flights that share one request."""

    __slots__ = ("flights", "progress", "task", "watched")

    def __init__(self, flights: list[Flight], *, watched: bool) -> None:
        self.flights = flights
        self.watched = watched
        self.progress: Progress | None = None  # set when its turn comes: there may be many groups waiting for theirs
        self.task: asyncio.Task[None] | None = None
        for index, flight in enumerate(flights):
            flight.group, flight.index = self, index


class Flights:
    """All passes in flight of one driver. Bound to one event loop.

    Beside the passes in flight, some things are remembered, and the least recently used ones forgotten:

    - `failed`: failed replies, so that flows which share a sample do not each wait for its retries. A forgotten one is
      asked for again by the next flow that needs it, as in a later session.
    - tokens of prompts that were seen, for sharper worst cases. Without them more is held, never less.
    - a gate for each model, and which models have ever answered: as many as the driver has roles.
    """

    def __init__(self, store: ReplyStore, ledger: Ledger, retries: Retries) -> None:
        self.failed = LRU[str, Reply](_MAX_FAILED)
        self._prompt_tokens = LRU[object, int](_MAX_PROMPTS)
        self._store, self._ledger, self._retries = store, ledger, retries
        self._air: dict[str, Flight] = {}
        self._limiters: dict[Model, RateLimiter] = {}
        self._answered: set[Model] = set()
        self._starting: list[Flight] = []
        self._landing: list[tuple[Flight, Reply]] = []

    def find(self, address: str) -> Flight | None:
        """The flight of an address that is in the air."""
        return self._air.get(address)

    def worst(self, bound: BoundAsk) -> Cost:
        """The worst case of an ask, sharper once its prompt was seen."""
        return worst_case(bound, self._prompt_tokens.get(_prompt(bound)))

    def launch(self, bounds: Sequence[BoundAsk], holds: Sequence[Cost | None], *, alone: bool) -> None:
        """Sends asks. Those of one turn of the event loop that are alike, whichever flows they come from, share a
        request, unless `alone`. `holds`: what was held for each; the flights give it back."""
        flights = [Flight(bound, hold) for bound, hold in zip(bounds, holds, strict=True)]
        for flight in flights:
            self._air[flight.bound.address] = flight
        if alone:
            for flight in flights:
                self._start([flight], watched=True)
        elif flights:
            if not self._starting:
                asyncio.get_running_loop().call_soon(self._take_off)
            self._starting += flights

    def drop(self, flights: Iterable[Flight], tell: Callable[[Flight], None]) -> None:
        """One round wants these no more; what nobody wants is cancelled, and what it had produced is recorded."""
        for flight in flights:
            if flight.landed:
                continue
            flight.waiting.remove(tell)
            if flight.landing is not None:
                continue
            group = flight.group
            alike = group.flights if group else [flight]
            if any(one.waiting for one in alike) or (group and group.task and group.task.done()):
                continue
            if group and group.task:
                group.task.cancel()
            for one in alike:  # out of the air now: who asks for it next draws it anew
                if self._air.get(one.bound.address) is one:
                    del self._air[one.bound.address]
            self._land((one, one.so_far()) for one in alike)

    def _take_off(self) -> None:
        starting, self._starting = self._starting, []
        for group in _alike([flight for flight in starting if flight.waiting]):
            self._start(group, watched=False)

    def _start(self, flights: list[Flight], *, watched: bool) -> None:
        group = _Request(flights, watched=watched)
        group.task = asyncio.get_running_loop().create_task(self._fly(group))

    async def _fly(self, group: _Request) -> None:
        bounds = [flight.bound for flight in group.flights]
        first = bounds[0]
        try:
            if isinstance(first.ask, Call):
                assert first.tool is not None
                replies: Sequence[Reply] = [await run_tool(first.tool, first.ask)]
            else:
                assert first.binding is not None
                replies = await self._send(first.binding, bounds, group)
        except Exception as error:
            self._break(group, error)
            return
        self._land(zip(group.flights, replies, strict=True))

    async def _send(self, binding: Binding, bounds: Sequence[BoundAsk], group: _Request) -> Sequence[Reply]:
        model = binding.model
        if (limiter := self._limiters.get(model)) is None:
            limiter = self._limiters[model] = RateLimiter(model.info)

        async def afford(tokens: int) -> bool:
            return await self._afford(group.flights[0], Cost(0, 0, 0, 0, tokens, model.info.price.of(0, tokens)))

        progress = group.progress = Progress.of(len(bounds), watched=group.watched)
        replies = await send(
            model, [b.ask for b in bounds], progress, limiter, self._retries, bounds[0].address, afford
        )
        if model not in self._answered:
            if all(reply.stop == "failed" and reply.attempts > 1 for reply in replies):
                raise ModelError(replies[0].error or "no reply")
            self._answered.add(model)
        return replies

    async def _afford(self, flight: Flight, cost: Cost) -> bool:
        """Holds what a broken attempt produced on top of the next one's worst case; False if it does not fit."""
        if not cost.completion_tokens or flight.hold is None:
            return True
        if not self._ledger.fits(cost):
            return False  # no waiting: it holds its own worst case, and two that wait for each other never end
        self._ledger.release(flight.hold)
        flight.hold += cost
        self._ledger.hold(flight.hold)
        return True

    def _land(self, landed: Iterable[tuple[Flight, Reply]]) -> None:
        """Replies are committed together, once a turn of the event loop, before any flow sees them."""
        if not self._landing:
            asyncio.get_running_loop().call_soon(self.flush)
        for flight, reply in landed:
            if flight.landing is None:
                flight.landing = reply
                self._landing.append((flight, reply))

    def flush(self) -> None:
        """Commits what has landed, books it, and hands it over."""
        landing, self._landing = self._landing, []
        landed = [pair for pair in landing if not pair[0].landed]
        if not landed:
            return
        entries = [Entry(f.bound.address, f.bound.model, f.bound.ask, reply) for f, reply in landed]
        try:
            replies = self._store.put(entries)
        except Exception as error:
            for flight, _ in landed:
                self._leave(flight)
                flight.end(None, error)
            return
        for (flight, paid), reply in zip(landed, replies, strict=True):
            bound = flight.bound
            cost = cost_of(paid, bound.info, waste=True)
            self._ledger.charge(bound.address, bound.line, cost)
            if paid is reply and not paid.wasted:
                bound.cost = cost
            self._leave(flight)
            self._keep(bound, reply)
            flight.end(reply)

    def _keep(self, bound: BoundAsk, reply: Reply) -> None:
        if reply.stop == "failed":
            self.failed[bound.address] = reply
        elif self._ledger.limited and reply.usage.prompt_tokens and isinstance(bound.ask, Generate):
            self._prompt_tokens[_prompt(bound)] = reply.usage.prompt_tokens

    def _leave(self, flight: Flight) -> None:
        if self._air.get(flight.bound.address) is flight:
            del self._air[flight.bound.address]
        if flight.hold is not None:
            self._ledger.release(flight.hold)
            flight.hold = None

    def _break(self, group: _Request, error: Exception) -> None:
        for flight in group.flights:
            if not flight.landed:
                self._leave(flight)
                flight.end(None, error)


def _prompt(bound: BoundAsk) -> object:
    ask = bound.ask
    return (bound.model, ask.prompt, ask.prefix) if isinstance(ask, Generate) else None


def _alike(flights: Sequence[Flight]) -> list[list[Flight]]:
    """Groups that one request each can carry, in order of their first flight."""
    groups: list[list[Flight]] = []
    open_groups: dict[object, list[Flight]] = {}
    for flight in flights:
        bound = flight.bound
        ask = bound.ask
        most = bound.info.max_n if bound.info else 1
        if most == 1 or not isinstance(ask, Generate):
            groups.append([flight])
            continue
        alike = (id(bound.binding), ask.prompt, ask.prefix, ask.sampling)
        group = open_groups.get(alike)
        if group is None or len(group) >= most:
            group = open_groups[alike] = []
            groups.append(group)
        group.append(flight)
    return groups
