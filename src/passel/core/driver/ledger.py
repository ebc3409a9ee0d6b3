"""The ledger: a worst case is held before anything runs and settled after, so a budget is never passed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from passel.core.cost import Budget, Cost, Tally
from passel.core.lru import LRU

__all__ = ["Ledger", "Line"]

Line = tuple[str, str, str]
"""What a cost is booked under: (model, role, label)."""


class Ledger:
    """Spent and held under one budget.

    A round that does not fit now, but would if open holds settled below their worst case, waits for them; it is
    refused only when it would not fit even then. Nobody holds anything while waiting, so waiting cannot deadlock.

    A reply that is used twice is paid once: the ledger knows the addresses that it charged. A flow's own ledger knows
    all of them, and ends with the flow. The ledger of a driver, which may live long, forgets the least recently used
    address when it knows `max_addresses`; should a later flow find that address's reply in a record, the reply is
    charged a second time. So forgetting can only make the spending look larger: no budget is passed by it.

    Args:
        budget: limits; None: none.
        max_addresses: number of charged addresses to remember; None: all.
    """

    def __init__(self, budget: Budget | None = None, *, max_addresses: int | None = None) -> None:
        self.budget = budget or Budget()
        self.limited = self.budget.limits_spending
        self._charged = LRU[str, bool](max_addresses)
        self._parts: dict[str, Cost] = {}  # by address, what was charged for a reply that was cut short
        self._held = Cost()
        self._holds = 0
        self._lines: dict[Line, Tally] = defaultdict(Tally)
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def spent(self) -> Cost:
        """The sum of all that was charged."""
        return sum((tally.cost() for tally in self._lines.values()), Cost())

    @property
    def lines(self) -> Mapping[Line, Cost]:
        """The same by (model, role, label)."""
        return {line: tally.cost() for line, tally in self._lines.items()}

    def fits(self, cost: Cost) -> bool:
        """Whether this much more can be spent beside all open holds."""
        return not self.limited or self.budget.short_of(self.spent + self._held + cost) is None

    def could_fit(self, cost: Cost) -> bool:
        """Whether this much more could be spent if every open hold were released."""
        return self.budget.short_of(self.spent + cost) is None

    async def room(self, cost: Cost) -> bool:
        """Waits until an open hold settles; False if no wait can make room for this cost."""
        if not self._holds or not self.could_fit(cost):
            return False
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn
        return True

    def left(self) -> Budget:
        """Returns what remains of the spending limits after all open holds; None is no limit."""
        used, budget = self.spent + self._held, self.budget
        return Budget(
            None if budget.passes is None else max(0, budget.passes - used.passes),
            None if budget.tokens is None else max(0, budget.tokens - used.tokens),
            None if budget.money is None else max(0.0, budget.money - used.money),
            None,
            None if budget.completion_tokens is None else max(0, budget.completion_tokens - used.completion_tokens),
        )

    def hold(self, cost: Cost) -> None:
        """Sets a worst case aside."""
        self._held += cost
        self._holds += 1

    def release(self, cost: Cost) -> None:
        """Gives back what one `hold` set aside, after the real cost was charged, and wakes the rounds that wait."""
        self._holds -= 1
        self._held = self._held - cost if self._holds else Cost()  # Cost(): no rest of rounding
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

    def has_charged(self, address: str) -> bool:
        """Whether something was charged at an address."""
        return self._charged.get(address) is not None

    def charge(self, address: str, line: Line, cost: Cost) -> None:
        """Adds a cost at an address to what was spent there before."""
        self._charged[address] = True
        self._lines[line].add(cost)

    def charge_once(self, address: str, line: Line, cost: Cost, *, part: bool = False) -> None:
        """Adds the cost of a reply that may have been charged before: nothing for the same reply, and the rest of the
        cost where only a `part` of the reply was charged."""
        if not self.has_charged(address) or address in self._parts:
            self.charge(address, line, self.owed(address, cost))
            if part:
                self._parts[address] = max(cost, self._parts.get(address, cost), key=lambda cost: cost.tokens)
            else:
                self._parts.pop(address, None)

    def owed(self, address: str, cost: Cost) -> Cost:
        """Returns what `charge_once` would add of this cost."""
        if not self.has_charged(address):
            return cost
        part = self._parts.get(address)
        return Cost() if part is None or part.tokens >= cost.tokens else cost - part
