"""Passes in the air: asks alike go out as one request, an ask in flight is joined and not sent again, and a pass that
nobody waits for any more is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from passel.core.ask import Call, Generate
from passel.core.cost import Cost
from passel.core.driver.gate import Gate
from passel.core.driver.ledger import Ledger
from passel.core.driver.passes import Bound, Retries, cost_of, run_tool, send, worst_case
from passel.core.driver.record import Entry, Pool
from passel.core.errors import ModelError
from passel.core.key import Key
from passel.core.model import Binding, Model, Progress, prompt_bound
from passel.core.reply import Reply, Usage

__all__ = ["Flight", "Flights"]


class Flight:
    """One ask on its way. `reply` is a future; `waiting` counts the rounds that want it."""

    __slots__ = ("bound", "group", "hold", "index", "reply", "waiting")

    def __init__(self, bound: Bound, group: _Group, index: int, hold: Cost | None) -> None:
        self.bound, self.group, self.index, self.hold = bound, group, index, hold
        self.waiting = 0
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def so_far(self) -> Reply:
        """What it has produced, as a cancelled reply."""
        progress = self.group.progress
        if not progress.sent:
            return Reply("cancelled")
        prompt = 0
        if self.index == 0 and isinstance(self.bound.ask, Generate):
            prompt = progress.prompt_tokens or prompt_bound(self.bound.ask)
        usage = Usage(prompt, progress.completion_tokens[self.index])
        return Reply("cancelled", progress.texts[self.index], usage=usage)


class _Group:
    """Flights that share one request."""

    __slots__ = ("flights", "progress", "task")

    def __init__(self, size: int) -> None:
        self.flights: list[Flight] = []
        self.progress = Progress.of(size)
        self.task: asyncio.Task[None] | None = None


class Flights:
    """All passes in flight of one driver. Bound to one event loop."""

    def __init__(self, pool: Pool, ledger: Ledger, retries: Retries) -> None:
        self.prompt_tokens: dict[object, int] = {}  # what prompts turned out to take
        self.failed: dict[str, Reply] = {}  # this session's failed replies: not asked again within it
        self._pool, self._ledger, self._retries = pool, ledger, retries
        self._air: dict[str, Flight] = {}
        self._gates: dict[Model, Gate] = {}
        self._answered: set[Model] = set()
        self._landing: list[tuple[Flight, Reply]] = []

    def find(self, address: str) -> Flight | None:
        """The flight of an address that is in the air."""
        return self._air.get(address)

    def worst(self, bound: Bound) -> Cost:
        """The worst case of an ask, sharper once its prompt was seen."""
        return worst_case(bound, self.prompt_tokens.get(_prompt(bound)))

    def launch(self, bounds: Sequence[Bound], holds: Sequence[Cost | None], *, alone: bool) -> list[Flight]:
        """Sends asks, alike ones together unless `alone`. `holds`: what was held for each; the flights give it back."""
        flights: list[Flight] = []
        owed = iter(holds)
        for group_bounds in ([b] for b in bounds) if alone else _alike(bounds):
            group = _Group(len(group_bounds))
            for index, bound in enumerate(group_bounds):
                flight = Flight(bound, group, index, next(owed))
                group.flights.append(flight)
                self._air[bound.address] = flight
            group.task = asyncio.get_running_loop().create_task(self._fly(group))
            flights += group.flights
        return flights

    def drop(self, flights: Iterable[Flight]) -> None:
        """One round wants these no more; what nobody wants is cancelled, and what it had produced is recorded."""
        for flight in flights:
            flight.waiting -= 1
            group = flight.group
            if flight.reply.done() or any(f.waiting > 0 for f in group.flights):
                continue
            if group.task and not group.task.done():
                group.task.cancel()
                self._land((f, f.so_far()) for f in group.flights)

    async def _fly(self, group: _Group) -> None:
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

    async def _send(self, binding: Binding, bounds: Sequence[Bound], group: _Group) -> Sequence[Reply]:
        model = binding.model
        if (gate := self._gates.get(model)) is None:
            gate = self._gates[model] = Gate(model.info)

        async def afford(tokens: int) -> bool:
            cost = Cost(completion_tokens=tokens, money=model.info.price.of(0, tokens))
            first = group.flights[0]
            if not tokens or first.hold is None:
                return True
            while not self._ledger.fits(cost):
                if not await self._ledger.room(cost):
                    return False
            self._ledger.release(first.hold)
            first.hold += cost
            self._ledger.hold(first.hold)
            return True

        key = Key(0, (bounds[0].address,))
        replies = await send(model, [b.ask for b in bounds], group.progress, gate, self._retries, key, afford)
        if any(reply.stop != "failed" for reply in replies):
            self._answered.add(model)
        elif model not in self._answered:
            raise ModelError(replies[0].error or "no reply")
        return replies

    def _land(self, landed: Iterable[tuple[Flight, Reply]]) -> None:
        """Replies are committed together, once a turn of the event loop, before any flow sees them."""
        if not self._landing:
            asyncio.get_running_loop().call_soon(self.flush)
        self._landing += landed

    def flush(self) -> None:
        """Commits what has landed, books it, and hands it over."""
        landed, self._landing = self._landing, []
        landed = [(flight, reply) for flight, reply in landed if not flight.reply.done()]
        if not landed:
            return
        entries = [Entry(f.bound.address, f.bound.model, f.bound.ask, reply) for f, reply in landed]
        try:
            replies = self._pool.put(entries)
        except Exception as error:
            for flight, _ in landed:
                self._break(flight.group, error)
            return
        for (flight, paid), reply in zip(landed, replies, strict=True):
            self._book(flight, paid)
            self._keep(flight.bound, reply)
            flight.reply.set_result(reply)

    def _book(self, flight: Flight, reply: Reply) -> None:
        bound = flight.bound
        self._ledger.charge(bound.address, bound.line, cost_of(reply, bound.info))
        self._leave(flight)

    def _keep(self, bound: Bound, reply: Reply) -> None:
        if reply.stop == "failed":
            self.failed[bound.address] = reply
        elif reply.usage.prompt_tokens:
            self.prompt_tokens[_prompt(bound)] = reply.usage.prompt_tokens

    def _leave(self, flight: Flight) -> None:
        if self._air.get(flight.bound.address) is flight:
            del self._air[flight.bound.address]
        if flight.hold is not None:
            self._ledger.release(flight.hold)
            flight.hold = None

    def _break(self, group: _Group, error: BaseException) -> None:
        for flight in group.flights:
            self._leave(flight)
            if not flight.reply.done():
                flight.reply.set_exception(error)
                flight.reply.exception()  # seen: a round that was dropped does not look at it


def _prompt(bound: Bound) -> object:
    ask = bound.ask
    return (bound.model, ask.prompt, ask.prefix) if isinstance(ask, Generate) else None


def _alike(bounds: Sequence[Bound]) -> list[list[Bound]]:
    """Consecutive asks that one request can carry."""
    groups: list[list[Bound]] = []
    for bound in bounds:
        group = groups[-1] if groups else None
        if group and bound.binding and _same_request(group[0], bound) and len(group) < bound.binding.model.info.max_n:
            group.append(bound)
        else:
            groups.append([bound])
    return groups


def _same_request(one: Bound, two: Bound) -> bool:
    a, b = one.ask, two.ask
    if not (isinstance(a, Generate) and isinstance(b, Generate)) or one.binding is not two.binding:
        return False
    return a.prompt == b.prompt and a.prefix == b.prefix and a.sampling == b.sampling
