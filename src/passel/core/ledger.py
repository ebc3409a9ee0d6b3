"""The ledger: a worst case is held before anything runs and settled after, so a budget is never passed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from passel.core.cost import Budget, Cost

__all__ = ["Account", "Ledger"]

Line = tuple[str, str, str]
"""(model, role, label)"""


class Account:
    """Spent and held under one budget. Not bound to an event loop."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.spent = Cost()
        self.held = Cost()
        self._lines: dict[Line, Cost] = defaultdict(Cost)

    @property
    def lines(self) -> Mapping[Line, Cost]:
        """What was spent by (model, role, label)."""
        return MappingProxyType(self._lines)

    def fits(self, cost: Cost, *, with_holds: bool = True) -> bool:
        """Whether this much more can be spent; without holds: if all that is held now came back."""
        if not self.budget.limits_spending:
            return True
        base = self.spent + self.held if with_holds else self.spent
        return self.budget.short_of(base + cost) is None

    def left(self) -> Budget:
        """What remains under the spending limits, open holds taken off; None is no limit."""
        used = self.spent + self.held
        budget = self.budget
        return Budget(
            None if budget.passes is None else max(0, budget.passes - used.passes),
            None if budget.tokens is None else max(0, budget.tokens - used.tokens),
            None if budget.money is None else max(0.0, budget.money - used.money),
        )

    def hold(self, cost: Cost) -> None:
        """Sets this much aside."""
        self.held += cost

    def release(self, cost: Cost) -> None:
        """Gives back what `hold` set aside."""
        self.held -= cost

    def charge(self, line: Line, cost: Cost) -> None:
        """Books what was really spent."""
        self.spent += cost
        self._lines[line] += cost


class Ledger:
    """The account of a whole run, whose holds can be waited for.

    A round that does not fit now but would if open holds settle below their worst case waits for them; it is refused
    only when it would not fit even then. Flows hold nothing while they wait, so waiting cannot deadlock.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self.account = Account(budget)
        self._waiting: list[asyncio.Future[None]] = []

    async def hold(self, cost: Cost) -> bool:
        """Sets the worst case aside, waiting for open holds if need be. False: it does not fit."""
        account = self.account
        while not account.fits(cost):
            if account.held == _NOTHING or not account.fits(cost, with_holds=False):
                return False
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        account.hold(cost)
        return True

    def release(self, cost: Cost) -> None:
        """Gives back a hold (after its real cost was charged) and lets those who wait look again."""
        self.account.release(cost)
        if not (self.account.held.passes or self.account.held.calls):
            self.account.held = _NOTHING  # no open hold: drop what floating point left of the money
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


_NOTHING = Cost()
