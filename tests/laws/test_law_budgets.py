"""A budget is never passed, every method lives with the one it is given, and enough of it changes nothing."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from law_setup import CASES, KEY, PROBLEM, TOOLS, answer_of, driver, outcome_of

from passel.core.cost import Budget
from passel.core.driver import Ledger, Scope
from passel.core.errors import OutOfBudget
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.result import Result

each = pytest.mark.parametrize("case", CASES, ids=repr)
MOST = {"passes": 200, "tokens": 40_000}


def run_within(case, budget, where):
    """The outcome and the ledger that the budget limits."""

    async def main():
        d = driver(budget=budget if where == "run" else None)
        scope = Scope("p1", TOOLS, Ledger(budget if where == "problem" else None))
        return await d.run(case.flow(), scope), d.ledger if where == "run" else scope.ledger

    return asyncio.run(main())


@each
@pytest.mark.parametrize("where", ["run", "problem"])
@pytest.mark.parametrize("unit", ["passes", "tokens"])
def test_no_budget_is_passed_from_nothing_up_to_enough(case, where, unit):
    free = outcome_of(case.flow())
    step = 1 if unit == "passes" else max(7, free.cost.tokens // 40)
    for limit in count(0, step):
        assert limit <= MOST[unit], "it never had enough"
        outcome, ledger = run_within(case, Budget(**{unit: limit}), where)
        assert getattr(ledger.spent, unit) <= limit
        assert outcome.error is None
        assert isinstance(outcome.result, Result)
        if outcome.result.stop == "done":
            assert outcome.result == free.result, "it called itself done with less than it wanted"
            break


@each
def test_flows_that_share_a_budget_do_not_pass_it_together(case):
    problems = [PROBLEM, *(Problem(f"p{i}", f"What is {i} + {i}?", read=PROBLEM.read) for i in (5, 6))]

    async def main(limit):
        d = driver(budget=Budget(tokens=limit))
        runs = (d.run(case.flow(p, KEY / p.id), Scope(p.id, TOOLS)) for p in problems)
        return await asyncio.gather(*runs), d.ledger.spent.tokens

    for limit in range(0, 1200, 97):
        outcomes, tokens = asyncio.run(main(limit))
        assert tokens <= limit
        assert all(outcome.error is None for outcome in outcomes)


@each
@pytest.mark.parametrize("fits", [0, 1])
@pytest.mark.parametrize("lasting", [True, False], ids=["for good", "once"])
def test_every_point_at_which_the_budget_can_end_is_survived(case, fits, lasting):
    """What was drawn before is not lost; only where nothing was paid for yet may OutOfBudget leave the flow."""
    total = len(play(case.flow(), answer_of).asks)
    for point in range(total):
        place = iter(range(10_000))
        paid: list[bool] = []

        def script(ask, point=point, place=place, paid=paid):
            now = next(place)
            if now == point or (lasting and now > point):
                raise OutOfBudget(fits=fits if now == point and not lasting else 0)
            reply = answer_of(ask)
            paid.append(True)
            return reply

        try:
            result = play(case.flow(), script).value
        except OutOfBudget:
            first_round = len(play(case.flow(), answer_of).rounds[0].asks)
            assert point < first_round, "it lost what it had paid for"
            continue
        assert isinstance(result, Result)
        if lasting or not fits:  # with fits=1, once, it may have gone on and got all it wanted
            assert result.stop == "budget"
