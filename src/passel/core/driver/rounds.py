"""One round: look up known replies, hold the worst case of the others, send them, wait, charge."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from passel.core.cost import Cost
from passel.core.driver.flights import Flight, Flights
from passel.core.driver.ledger import Ledger
from passel.core.driver.passes import BoundAsk, Tool, cost_of
from passel.core.driver.races import settle
from passel.core.driver.record import ReplyStore
from passel.core.driver.roles import Roles
from passel.core.errors import NotRecorded, OutOfBudget
from passel.core.flow import Round
from passel.core.reply import Reply

__all__ = ["Rounds", "Scope"]


@dataclass(slots=True)
class Scope:
    """What belongs to one flow, and ends with it.

    Args:
        name: the problem that the flow works on.
        tools: what the flow may call.
        ledger: its own account, in which replies that it shares with other flows count in full.
        replies: what the flow was given, by address. A flow that asks again is given the same, whatever the store or
            the driver has forgotten meanwhile: so nothing is paid for twice, or made twice and charged once.
        failures: replies that were not usable whole, by how they stopped.
        cut_short: by the run's budget or by a record that lacks a reply, not by the flow's own budget.
    """

    name: str = ""
    tools: Mapping[str, Tool] = field(default_factory=dict[str, Tool])
    ledger: Ledger = field(default_factory=Ledger)
    replies: dict[str, Reply] = field(default_factory=dict[str, Reply])
    failures: Counter[str] = field(default_factory=Counter[str])
    cut_short: bool = False


class Rounds:
    """Performs rounds over one store, one driver's ledger and its asks in flight."""

    def __init__(self, roles: Roles, store: ReplyStore, ledger: Ledger, flights: Flights, *, clocked: bool) -> None:
        self.deadline: float | None = None  # on the event loop's clock
        self._roles, self._store, self._ledger, self._flights = roles, store, ledger, flights
        self._clocked = clocked

    async def perform(self, op: Round, scope: Scope) -> tuple[Reply, ...]:
        """Returns the replies to a round's asks, in order.

        Raises OutOfBudget before anything is sent that the budget might not cover.
        """
        bounds = self._roles.bind(op.asks, scope.name, scope.tools)
        race = op.needed < len(bounds)
        clocked = race and self._clocked and not any(b.info and b.info.instant for b in bounds)
        needed = op.needed if clocked else len(bounds)
        known, own = await self._start_new(bounds, scope, race=clocked, needed=needed)
        try:
            replies, late = await self._fetch(bounds, known, needed)
            scope.cut_short = scope.cut_short or late
            scope.replies |= {b.address: r for b, r in zip(bounds, replies, strict=True) if r.stop != "cancelled"}
            if race and not clocked:
                replies = settle(replies, op.needed)
            for bound, reply in zip(bounds, replies, strict=True):
                cost = cost_of(reply, bound.info) if race or bound.cost is None else bound.cost
                scope.ledger.charge_once(bound.address, bound.line, cost, part=reply.stop == "cancelled")
                if not reply.ok and reply.stop != "cancelled":
                    scope.failures[reply.stop] += 1
        except NotRecorded:
            scope.cut_short = True
            raise
        finally:
            if own is not None:
                scope.ledger.release(own)
        if late:
            raise OutOfBudget("the time is spent", fits=_leading(bounds, _answered(bounds, replies)))
        return tuple(replies)

    async def _start_new(
        self, bounds: Sequence[BoundAsk], scope: Scope, *, race: bool, needed: int
    ) -> tuple[dict[str, Reply], Cost | None]:
        """Sends the asks that are neither known nor in flight, once their worst case fits both budgets.

        Returns the known replies, and what is held in the scope's ledger (to be released by the caller).
        """
        while True:
            known = self._known(bounds, scope, needed if race else None)
            new = self._new(bounds, known)
            if new and self._time_is_up():
                scope.cut_short = True
                raise OutOfBudget("the time is spent", fits=_leading(bounds, known))
            worst = self._worst(bounds, known) if self._ledger.limited or scope.ledger.limited else {}
            short = self._short(worst, known, scope) if worst else None
            if short is None:
                break
            ledger, cost = short
            if not await ledger.room(cost):
                scope.cut_short = scope.cut_short or ledger is self._ledger
                raise OutOfBudget(fits=self._fitting(bounds, worst, known, scope))
        news = {b.address: b for b in bounds if b.address in known and self._is_news(b.address, known, scope)}
        for address, bound in news.items():  # a reply of an earlier session counts against the run's budget too
            self._ledger.charge(address, bound.line, cost_of(known[address], bound.info, waste=True))
        holds = [worst[bound.address] if self._ledger.limited else None for bound in new]
        for hold in filter(None, holds):
            self._ledger.hold(hold)
        own = _owed(worst, scope.ledger) if scope.ledger.limited else None
        if own is not None:
            scope.ledger.hold(own)
        self._flights.start(new, holds, alone=race)
        return known, own

    def _known(self, bounds: Sequence[BoundAsk], scope: Scope, needed: int | None) -> dict[str, Reply]:
        addresses = [bound.address for bound in bounds]
        known = self._store.get(addresses)
        if failed := self._flights.failed:
            known |= {a: reply for a in addresses if a not in known and (reply := failed.get(a)) is not None}
        if own := scope.replies:
            known |= {a: own[a] for a in addresses if a in own}
        if needed is not None and sum(reply.ok for reply in known.values()) >= needed:
            # this race was run before: it has the same losers again
            known = self._store.last(addresses) | known
            known |= {a: Reply("cancelled") for a in addresses if a not in known}
        return known

    def _new(self, bounds: Iterable[BoundAsk], known: Mapping[str, Reply]) -> list[BoundAsk]:
        air = self._flights.find
        return list({b.address: b for b in bounds if b.address not in known and air(b.address) is None}.values())

    def _worst(self, bounds: Iterable[BoundAsk], known: Mapping[str, Reply]) -> dict[str, Cost]:
        """Returns the cost of each address: what its reply took where that is known, else its worst case."""
        return {
            bound.address: cost_of(known[bound.address], bound.info, waste=True)
            if bound.address in known
            else self._flights.worst(bound)
            for bound in bounds
        }

    def _short(self, worst: Mapping[str, Cost], known: Mapping[str, Reply], scope: Scope) -> tuple[Ledger, Cost] | None:
        """Returns the ledger in which these costs do not fit, and the cost that does not; None if all fit."""
        for ledger, cost in self._needs(worst, known, scope):
            if not ledger.fits(cost):
                return ledger, cost
        return None

    def _needs(
        self, worst: Mapping[str, Cost], known: Mapping[str, Reply], scope: Scope
    ) -> Iterator[tuple[Ledger, Cost]]:
        """Yields each ledger that is limited, with what these costs add to it."""
        if scope.ledger.limited:
            yield scope.ledger, _owed(worst, scope.ledger)
        if self._ledger.limited:
            yield self._ledger, sum((cost for a, cost in worst.items() if self._is_news(a, known, scope)), Cost())

    def _is_news(self, address: str, known: Mapping[str, Reply], scope: Scope) -> bool:
        """Whether an address has yet to be charged in the driver's ledger."""
        if address in known:
            return address not in scope.replies and not self._ledger.has_charged(address)
        return self._flights.find(address) is None  # also if charged: a pass that was cancelled is made again

    def _fitting(
        self, bounds: Sequence[BoundAsk], worst: Mapping[str, Cost], known: Mapping[str, Reply], scope: Scope
    ) -> int:
        """Returns how many of the asks, from the first, would fit if all open holds were released."""
        part: dict[str, Cost] = {}
        for count, bound in enumerate(bounds):
            part[bound.address] = worst[bound.address]
            if not all(ledger.could_fit(cost) for ledger, cost in self._needs(part, known, scope)):
                return count
        return len(bounds)

    def _time_is_up(self) -> bool:
        return self.deadline is not None and asyncio.get_running_loop().time() >= self.deadline

    async def _fetch(
        self, bounds: Sequence[BoundAsk], known: Mapping[str, Reply], needed: int
    ) -> tuple[list[Reply], bool]:
        """Waits for `needed` usable replies, for all, or for the deadline; then drops the asks that have not ended.

        Returns the replies, cancelled ones for the dropped asks, and whether the deadline ended the wait.
        """
        wanted = {b.address: f for b in bounds if b.address not in known and (f := self._flights.find(b.address))}
        if not wanted:
            return [known[bound.address] for bound in bounds], False
        usable = sum(known[b.address].ok for b in bounds if b.address in known)
        wait = _Wait(wanted.values(), needed - usable if needed < len(bounds) else len(bounds))
        try:
            await wait.over(self.deadline)
            late = self._time_is_up() and not wait.enough
            replies = {address: _reply(flight) for address, flight in wanted.items()}
        except NotRecorded as gap:
            raise NotRecorded(str(gap), fits=_leading(bounds, known)) from gap
        finally:
            self._flights.drop(wanted.values(), wait.on_end)
        return [known.get(bound.address) or replies[bound.address] for bound in bounds], late


class _Wait:
    """One future for any number of asks in flight: done when enough replies are usable, when all asks have ended, or
    when one of them raised an error."""

    __slots__ = ("_done", "_left", "_needed", "on_end")

    @property
    def enough(self) -> bool:
        """Whether it ended for another reason than the deadline."""
        return self._done.done()

    def __init__(self, flights: Iterable[Flight], needed: int) -> None:
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left, self._needed = 0, needed
        self.on_end = self._count  # one bound method, so that `drop` finds it to remove it
        for flight in flights:
            flight.waiting.append(self.on_end)
            self._left += 1

    def _count(self, flight: Flight) -> None:
        self._left -= 1
        self._needed -= flight.reply is not None and flight.reply.ok
        enough = self._left == 0 or self._needed <= 0 or flight.error is not None
        if enough and not self._done.done():
            self._done.set_result(None)

    async def over(self, deadline: float | None) -> None:
        """Waits until the future is done, or until the deadline on the event loop's clock."""
        if deadline is None:
            await self._done
        else:
            await asyncio.wait([self._done], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))


def _reply(flight: Flight) -> Reply:
    if flight.error is not None:
        raise flight.error
    return flight.reply or flight.arrived or flight.so_far()


def _owed(worst: Mapping[str, Cost], ledger: Ledger) -> Cost:
    return sum((ledger.owed(address, cost) for address, cost in worst.items()), Cost())


def _answered(bounds: Sequence[BoundAsk], replies: Sequence[Reply]) -> set[str]:
    return {b.address for b, reply in zip(bounds, replies, strict=True) if reply.stop != "cancelled"}


def _leading(bounds: Sequence[BoundAsk], known: Container[str]) -> int:
    """Returns how many of the asks, from the first, are answered."""
    return next((i for i, bound in enumerate(bounds) if bound.address not in known), len(bounds))
