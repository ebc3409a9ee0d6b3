"""The driver: runs flows. Only the driver has an event loop, a budget, a record, and models to send asks to."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from os.path import dirname
from typing import Any, Literal, TypeVar

from passel.core.cost import Budget, Cost
from passel.core.driver.flights import Flights
from passel.core.driver.ledger import Ledger, Line
from passel.core.driver.passes import Retries
from passel.core.driver.record import MemoryStore, ReplyStore
from passel.core.driver.roles import Roles
from passel.core.driver.rounds import Rounds, Scope
from passel.core.errors import OutOfBudget, PasselError
from passel.core.flow import Flow, Left, Op, Par, Round
from passel.core.model import Binding
from passel.core.result import Result
from passel.core.steps import Steps

__all__ = ["Driver", "Outcome"]

T = TypeVar("T")

_MAX_CHARGED = 2**18  # more than a `MemoryStore` keeps, so that whatever it still holds is known to be charged


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a flow ended.

    Args:
        result: what the flow returned; an empty Result where it could not finish.
        cost: the cost of all replies that it was given; those shared with other flows count in full.
        lines: the same by (model, role, label).
        failures: number of replies that were not usable whole, by how they stopped.
        wall_seconds: from start to end.
        error: the exception that ended it, for a reader; None: no error.
        cut_short: the driver's budget, or a record that lacks a reply, ended it before its own budget did.
    """

    result: Result
    cost: Cost
    lines: Mapping[Line, Cost]
    failures: Mapping[str, int]
    wall_seconds: float
    error: str | None = None
    cut_short: bool = False


class Driver:
    """Runs any number of flows at once over the same models, store and budget. Bound to one event loop.

    Args:
        roles: a binding for each role; "generator" is required and stands in for roles without one.
        store: where replies are kept and shared; default: in memory, the latest `MAX_REPLIES` of them.
        budget: limits over all flows together; each distinct reply counts once.
        races: "clock": the first to finish wins and the rest is cancelled. "tokens": all finish, the reply with the
            fewest completion tokens wins, and the losers are charged up to that length, as if all had been decoded in
            step: the same outcome whatever the machine, and other flows can use the draws.
        retries: how requests are tried again after errors that may pass.
    """

    def __init__(
        self,
        roles: Mapping[str, Binding],
        *,
        store: ReplyStore | None = None,
        budget: Budget | None = None,
        races: Literal["clock", "tokens"] = "clock",
        retries: Retries = Retries(),
    ) -> None:
        self.roles = Roles(roles)
        self.ledger = Ledger(budget, max_addresses=_MAX_CHARGED)
        store = MemoryStore() if store is None else store
        self._flights = Flights(store, self.ledger, retries)
        self._rounds = Rounds(self.roles, store, self.ledger, self._flights, clocked=races == "clock")

    async def run(self, flow: Flow[Result], scope: Scope | None = None) -> Outcome:
        """Runs a flow to its end. An error in the flow is part of the outcome; unusable models and records raise."""
        scope = scope or Scope()
        start = self._start_clock()
        result, error = Result(), None
        try:
            result = await self._drive(flow, scope)
        except OutOfBudget:
            result = Result(stop="budget")
        except PasselError:
            raise
        except Exception as bug:
            places = traceback.extract_tb(bug.__traceback__)
            where = next((p for p in reversed(places) if dirname(p.filename) != dirname(__file__)), places[-1])
            error = f"{type(bug).__name__}: {bug} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
        seconds = asyncio.get_running_loop().time() - start
        return Outcome(result, scope.ledger.spent, scope.ledger.lines, scope.failures, seconds, error, scope.cut_short)

    def close(self) -> None:
        """Records replies that have arrived but were not handed over (after a cancellation)."""
        self._flights.flush()

    def _start_clock(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._rounds.deadline is None and self.ledger.budget.seconds is not None:
            self._rounds.deadline = now + self.ledger.budget.seconds
        return now

    async def _drive(self, flow: Flow[T], scope: Scope) -> T:
        with Steps(flow) as steps:
            while not steps.ended:
                try:
                    value = await self._perform(steps.asked, scope)
                except Exception as error:
                    steps.throw(error)
                else:
                    steps.send(value)
            return steps.result

    async def _perform(self, op: Op, scope: Scope) -> Any:
        if isinstance(op, Round):
            return await self._rounds.perform(op, scope)
        if isinstance(op, Par):
            return await _together([self._drive(flow, scope) for flow in op.flows])
        if type(op) is Left:
            return self._left(scope)
        raise TypeError(f"a flow yields Round, Par or Left, not {op!r}; call helpers with `yield from`")

    def _left(self, scope: Scope) -> Budget:
        own, shared = scope.ledger.left(), self.ledger.left()
        seconds = None
        if self._rounds.deadline is not None:
            seconds = max(0.0, self._rounds.deadline - asyncio.get_running_loop().time())
        return Budget(
            _smaller(own.passes, shared.passes),
            _smaller(own.tokens, shared.tokens),
            _smaller(own.money, shared.money),
            seconds,
            _smaller(own.completion_tokens, shared.completion_tokens),
        )


async def _together(runs: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Runs coroutines side by side and returns their values in order; if one raises, the others are cancelled first."""
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


N = TypeVar("N", int, float)


def _smaller(a: N | None, b: N | None) -> N | None:
    return b if a is None else a if b is None else min(a, b)
