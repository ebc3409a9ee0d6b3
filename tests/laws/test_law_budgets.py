"""A budget is never passed, every method lives with the one it is given, and enough of it changes nothing.

A method's course can change only where a budget begins or ceases to cover one of its rounds. These limits are read off
a run that is never refused, and only they are tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from law_setup import CASES, KEY, PROBLEMS, TOOLS, Case, answer_of, driver, each, each_method, free, outcome_of, played

from passel.core.cost import Budget, Cost
from passel.core.driver import Ledger, Outcome, Scope
from passel.core.errors import OutOfBudget
from passel.core.flow import Left, Op
from passel.core.play import play
from passel.core.result import Result
from passel.core.steps import rewritten

ENOUGH = 1_000_000


class Watched(Ledger):
    """A ledger that notes what was spent or held before each round, and what was held for the round."""

    def __init__(self, unit: str) -> None:
        super().__init__(Budget(**{unit: ENOUGH}))
        self.rounds: list[tuple[Cost, Cost]] = []

    def hold(self, cost: Cost) -> None:
        self.rounds.append((self.spent + self._held, cost))
        super().hold(cost)


def edges(case: Case, unit: str) -> list[int]:
    """The limits at which the case's course can change, the last of which is enough: what the rounds before took, when
    a round of several asks begins; one less than it needs with its own worst case; exactly that."""
    looks: list[Op] = []

    def look(op: Op) -> Op:
        if type(op) is Left:
            looks.append(op)
        return op

    watched = Watched(unit)
    outcome_of(rewritten(case.flow(), look), scope=Scope("p1", TOOLS, watched))
    limits = {0}
    for before, worst in watched.rounds:
        start, end = getattr(before, unit), getattr(before + worst, unit)
        limits |= {end - 1, end} | ({start} if worst.passes > 1 else set())
    most = max(limits)
    if looks:  # it shapes its course by what is left: any limit may be an edge
        limits |= {most * eighth // 8 for eighth in range(8)} if unit == "tokens" else set(range(most))
    return sorted(limit for limit in limits if limit >= 0)


def run_within(case: Case, budget: Budget, where: str) -> tuple[Outcome, Ledger]:
    """The outcome and the ledger that the budget limits."""

    async def main() -> tuple[Outcome, Ledger]:
        d = driver(budget=budget if where == "run" else None)
        scope = Scope("p1", TOOLS, Ledger(budget if where == "problem" else None))
        return await d.run(case.flow(), scope), d.ledger if where == "run" else scope.ledger

    return asyncio.run(main())


def keeps_within(case: Case, unit: str, where: str) -> None:
    """Asserts that no edge is passed, and that only enough is called done."""
    done = False
    for limit in edges(case, unit):
        outcome, ledger = run_within(case, Budget(**{unit: limit}), where)
        assert getattr(ledger.spent, unit) <= limit
        assert outcome.error is None, limit
        assert isinstance(outcome.result, Result)
        done = outcome.result.stop == "done"
        if done:
            assert outcome.result == free(case).result, f"it called itself done with {limit}, less than it wanted"
    assert done, "it never had enough"


@each
@pytest.mark.parametrize("unit", ["passes", "tokens"])
def test_no_budget_of_a_problem_is_passed_from_nothing_up_to_enough(case, unit):
    keeps_within(case, unit, "problem")


@each_method
@pytest.mark.parametrize("unit", ["passes", "tokens"])
def test_no_budget_of_a_run_is_passed_from_nothing_up_to_enough(case, unit):
    keeps_within(case, unit, "run")


@each_method
def test_flows_that_share_a_budget_do_not_pass_it_together(case):
    """All cases of a method, on three problems, from a budget for nothing up to one for all."""
    flows = [(other, PROBLEMS[place % 3]) for place, other in enumerate(CASES) if other.name == case.name]
    flows += [(case, problem) for problem in PROBLEMS]

    async def main(limit: int) -> tuple[list[Outcome], int]:
        d = driver(budget=Budget(tokens=limit))
        runs = (d.run(one.flow(problem, KEY / problem.id), Scope(problem.id, TOOLS)) for one, problem in flows)
        return await asyncio.gather(*runs), d.ledger.spent.tokens

    _, enough = asyncio.run(main(ENOUGH))
    for ninth in range(9):
        limit = enough * ninth // 9
        outcomes, tokens = asyncio.run(main(limit))
        assert tokens <= limit
        assert all(outcome.error is None for outcome in outcomes)
        assert any(outcome.result.stop == "budget" for outcome in outcomes)


def refusals(case: Case) -> Iterator[tuple[int, int, bool]]:
    """(the number of a round, how many of its asks would fit, whether everything afterwards is refused too)."""
    for number, op in enumerate(played(case).rounds):
        yield number, 0, True
        for fits in sorted({0, 1, len(op.asks) - 1}):
            if fits < len(op.asks):
                yield number, fits, False


@each
def test_every_round_at_which_the_budget_can_end_is_survived(case):
    """What was drawn before is not lost; only where nothing was paid for yet may OutOfBudget leave the flow."""
    for number, fits, lasting in refusals(case):
        first = sum(len(op.asks) for op in played(case).rounds[:number])
        asked = iter(range(10_000))

        def script(ask: Any, first: int = first, fits: int = fits, lasting: bool = lasting, asked: Any = asked) -> Any:
            now = next(asked)
            if now == first or (lasting and now > first):
                raise OutOfBudget(fits=fits)
            return answer_of(ask)

        try:
            result = play(case.flow(), script).value
        except OutOfBudget:
            assert number == 0, "it lost what it had paid for"
            continue
        assert isinstance(result, Result)
        if not fits:  # with some that fit it may have gone on and got all it wanted
            assert result.stop == "budget"
