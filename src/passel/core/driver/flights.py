"""Asks in flight: equal asks share one request, an ask in flight is joined and not sent again, and one that no flow
waits for any more is cancelled."""

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
    """One ask in flight. It ends with a reply or an error, and calls the functions in `waiting` with itself.

    (It has no future of its own: a round waits for one future, however many asks it has.)
    """

    __slots__ = ("arrived", "bound", "error", "hold", "index", "reply", "request", "waiting")

    def __init__(self, bound: BoundAsk, hold: Cost | None) -> None:
        self.bound, self.hold = bound, hold
        self.request: _Request | None = None  # set when it is sent
        self.index = 0
        self.arrived: Reply | None = None  # a reply that is not committed yet
        self.reply: Reply | None = None
        self.error: Exception | None = None
        self.waiting: list[Callable[[Flight], None]] = []

    @property
    def ended(self) -> bool:
        """Whether its reply or its error is final."""
        return self.reply is not None or self.error is not None

    def end(self, reply: Reply | None, error: Exception | None = None) -> None:
        """Sets its reply or its error, and calls who waits."""
        self.reply, self.error = reply, error
        for on_end in self.waiting:
            on_end(self)

    def so_far(self) -> Reply:
        """Returns what the model has produced so far, as a cancelled reply."""
        progress = self.request.progress if self.request else None
        if progress is None or not progress.sent:
            return Reply("cancelled")
        prompt = 0
        if self.index == 0 and isinstance(self.bound.ask, Generate):
            bound = self.hold.prompt_tokens if self.hold else prompt_bound(self.bound.ask)
            prompt = progress.prompt_tokens or bound
        usage = Usage(prompt, progress.completion_tokens[self.index])
        return Reply("cancelled", progress.texts[self.index], usage=usage)


class _Request:
    """The asks that share one request, in order."""

    __slots__ = ("flights", "progress", "task", "watched")

    def __init__(self, flights: list[Flight], *, watched: bool) -> None:
        self.flights = flights
        self.watched = watched
        self.progress: Progress | None = None  # set when it is sent: many may wait for their turn
        self.task: asyncio.Task[None] | None = None
        for index, flight in enumerate(flights):
            flight.request, flight.index = self, index


class Flights:
    """The asks in flight of one driver. Bound to one event loop.

    What it remembers is bounded, and the least recently used entries are forgotten:

    - `failed`: failed replies, so that the flows that share a sample do not each wait for its retries. A forgotten
      reply is asked for again by the next flow that needs it, as in a later session.
    - The prompt tokens of prompts that were sent, for sharper worst cases. Without them more is held, never less.
    - A rate limiter for each model, and which models have ever answered: no more than the driver has roles.
    """

    def __init__(self, store: ReplyStore, ledger: Ledger, retries: Retries) -> None:
        self.failed = LRU[str, Reply](_MAX_FAILED)
        self._prompt_tokens = LRU[object, int](_MAX_PROMPTS)
        self._store, self._ledger, self._retries = store, ledger, retries
        self._in_flight: dict[str, Flight] = {}
        self._limiters: dict[Model, RateLimiter] = {}
        self._answered: set[Model] = set()
        self._queued: list[Flight] = []
        self._arrived: list[tuple[Flight, Reply]] = []

    def find(self, address: str) -> Flight | None:
        """Returns the ask in flight of an address, or None."""
        return self._in_flight.get(address)

    def worst(self, bound: BoundAsk) -> Cost:
        """Returns the worst case of an ask, sharper once its prompt was sent before."""
        return worst_case(bound, self._prompt_tokens.get(_prompt(bound)))

    def start(self, bounds: Sequence[BoundAsk], holds: Sequence[Cost | None], *, alone: bool) -> None:
        """Sends asks.

        Args:
            bounds: the asks. Those of one turn of the event loop that differ only in their keys share requests,
                whichever flows they come from.
            holds: what was held in the ledger for each; it is released when the ask ends.
            alone: each ask has a request of its own, so that it can be cancelled without the others.
        """
        flights = [Flight(bound, hold) for bound, hold in zip(bounds, holds, strict=True)]
        for flight in flights:
            self._in_flight[flight.bound.address] = flight
        if alone:
            for flight in flights:
                self._start_request([flight], watched=True)
        elif flights:
            if not self._queued:
                asyncio.get_running_loop().call_soon(self._send_queued)
            self._queued += flights

    def drop(self, flights: Iterable[Flight], on_end: Callable[[Flight], None]) -> None:
        """Ends a round's wait for asks. A request that no round waits for is cancelled, and what it had produced is
        recorded.

        Args:
            flights: the asks; those that have ended are passed over. on_end: the round's function in `waiting`.
        """
        for flight in flights:
            if flight.ended:
                continue
            flight.waiting.remove(on_end)
            if flight.arrived is not None:
                continue
            request = flight.request
            together = request.flights if request else [flight]
            if any(other.waiting for other in together) or (request and request.task and request.task.done()):
                continue
            if request and request.task:
                request.task.cancel()
            for other in together:  # no more in flight: the next flow that asks for it has it drawn anew
                if self._in_flight.get(other.bound.address) is other:
                    del self._in_flight[other.bound.address]
            self._arrive((other, other.so_far()) for other in together)

    def _send_queued(self) -> None:
        queued, self._queued = self._queued, []
        for request in _grouped([flight for flight in queued if flight.waiting]):
            self._start_request(request, watched=False)

    def _start_request(self, flights: list[Flight], *, watched: bool) -> None:
        request = _Request(flights, watched=watched)
        request.task = asyncio.get_running_loop().create_task(self._perform(request))

    async def _perform(self, request: _Request) -> None:
        bounds = [flight.bound for flight in request.flights]
        first = bounds[0]
        try:
            if isinstance(first.ask, Call):
                assert first.tool is not None
                replies: Sequence[Reply] = [await run_tool(first.tool, first.ask)]
            else:
                assert first.binding is not None
                replies = await self._send(first.binding, bounds, request)
        except Exception as error:
            self._fail(request, error)
            return
        self._arrive(zip(request.flights, replies, strict=True))

    async def _send(self, binding: Binding, bounds: Sequence[BoundAsk], request: _Request) -> Sequence[Reply]:
        model = binding.model
        if (limiter := self._limiters.get(model)) is None:
            limiter = self._limiters[model] = RateLimiter(model.info)

        async def afford(tokens: int) -> bool:
            return await self._afford(request.flights[0], Cost(0, 0, 0, 0, tokens, model.info.price.of(0, tokens)))

        progress = request.progress = Progress.of(len(bounds), watched=request.watched)
        replies = await send(
            model, [b.ask for b in bounds], progress, limiter, self._retries, bounds[0].address, afford
        )
        if model not in self._answered:
            if all(reply.stop == "failed" and reply.attempts > 1 for reply in replies):
                raise ModelError(replies[0].error or "no reply")
            self._answered.add(model)
        return replies

    async def _afford(self, flight: Flight, cost: Cost) -> bool:
        """Holds what a broken attempt produced on top of the worst case of the next; False if that does not fit."""
        if not cost.completion_tokens or flight.hold is None:
            return True
        if not self._ledger.fits(cost):
            return (
                False  # no waiting: it holds its own worst case, and two such asks would wait for each other for ever
            )
        self._ledger.release(flight.hold)
        flight.hold += cost
        self._ledger.hold(flight.hold)
        return True

    def _arrive(self, pairs: Iterable[tuple[Flight, Reply]]) -> None:
        """Keeps replies for `flush`, which commits them together once a turn of the event loop."""
        if not self._arrived:
            asyncio.get_running_loop().call_soon(self.flush)
        for flight, reply in pairs:
            if flight.arrived is None:
                flight.arrived = reply
                self._arrived.append((flight, reply))

    def flush(self) -> None:
        """Records the replies that have arrived, charges them, and hands them to the rounds that wait."""
        arrived, self._arrived = self._arrived, []
        arrived = [pair for pair in arrived if not pair[0].ended]
        if not arrived:
            return
        entries = [Entry(f.bound.address, f.bound.model, f.bound.ask, reply) for f, reply in arrived]
        try:
            replies = self._store.put(entries)
        except Exception as error:
            for flight, _ in arrived:
                self._leave(flight)
                flight.end(None, error)
            return
        for (flight, paid), reply in zip(arrived, replies, strict=True):
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
        if self._in_flight.get(flight.bound.address) is flight:
            del self._in_flight[flight.bound.address]
        if flight.hold is not None:
            self._ledger.release(flight.hold)
            flight.hold = None

    def _fail(self, request: _Request, error: Exception) -> None:
        for flight in request.flights:
            if not flight.ended:
                self._leave(flight)
                flight.end(None, error)


def _prompt(bound: BoundAsk) -> object:
    ask = bound.ask
    return (bound.model, ask.prompt, ask.prefix) if isinstance(ask, Generate) else None


def _grouped(flights: Sequence[Flight]) -> list[list[Flight]]:
    """Groups asks that differ only in their keys, as many as one request can carry, in order of their first ask."""
    requests: list[list[Flight]] = []
    open_requests: dict[object, list[Flight]] = {}
    for flight in flights:
        bound = flight.bound
        ask = bound.ask
        max_n = bound.info.max_n if bound.info else 1
        if max_n == 1 or not isinstance(ask, Generate):
            requests.append([flight])
            continue
        shared = (id(bound.binding), ask.prompt, ask.prefix, ask.sampling)
        request = open_requests.get(shared)
        if request is None or len(request) >= max_n:
            request = open_requests[shared] = []
            requests.append(request)
        request.append(flight)
    return requests
