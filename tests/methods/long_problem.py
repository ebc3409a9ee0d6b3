"""A problem with a document, and what every method for long documents must live through on it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

from passel.core.ask import Ask, Generate, Sampling
from passel.core.cost import Budget
from passel.core.docs import bounds, describe
from passel.core.driver import Driver, Ledger, Scope
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.core.result import Result
from passel.models.toy import toy

__all__ = ["CODE", "FILLER", "LONG", "code_in", "results_at_every_budget", "user"]

FILLER = ["It rained on the hills all day and nobody came.", "The mill stood still.", "A dog barked twice at noon."]
CODE = "The access code of the mill is 48213."


def code_in(text: str) -> Answer | None:
    """The last number of five digits."""
    found = re.findall(r"\b\d{5}\b", text)
    return Answer(found[-1], found[-1]) if found else None


def _document() -> str:
    paragraphs = [" ".join([*FILLER] * 3) for _ in range(6)]
    paragraphs[3] = f"{FILLER[0]} {CODE} {paragraphs[3]}"
    return "\n\n".join(paragraphs)


QUESTION = "What is the access code of the mill?"
LONG = Problem(
    "long",
    f"{_document()}\n\n{QUESTION}",
    "[[MARK]]",
    "[[SYSTEM]]",
    code_in,
    details={"document": _document(), "question": QUESTION},
)


def user(ask: Ask) -> str:
    """What the last turn of the ask says."""
    assert isinstance(ask, Generate)
    assert not isinstance(ask.prompt, str)
    return ask.prompt[-1].content


def results_at_every_budget(
    method: Callable[..., Any], replies: Callable[[Ask], Reply | str], **options: Any
) -> list[Result]:
    """The results where the budget ends at each of a method's requests in turn, for that request or for good.

    The laws of budgets and costs are checked on the way, on the problem with a document, which the laws' own problem
    has not.
    """
    whole = play(method(LONG, key=Key(), **options), replies)
    asks = whole.asks
    limits = bounds(describe(method).cost, {n: d for n, (_, d) in describe(method).options.items()} | options)
    for kind, many in Counter(ask.kind for ask in asks).items():
        assert limits[kind][0] <= many <= limits[kind][1], kind
    assert all(isinstance(a, Generate) and "[[SYSTEM]]" in repr(a.prompt) for a in asks)
    assert any("[[MARK]]" in repr(a) for a in asks)
    first = len(whole.rounds[0].asks)
    results: list[Result] = []
    for point in range(len(asks)):
        for lasting in (True, False):
            number = count()
            paid: list[int] = []

            def script(ask: Ask, point=point, lasting=lasting, number=number, paid=paid) -> Reply | str:
                now = next(number)
                if now == point or (lasting and now > point):
                    raise OutOfBudget
                paid.append(now)
                return replies(ask)

            try:
                result = play(method(LONG, key=Key(), **options), script).value
            except OutOfBudget:
                assert not paid or point < first, "it lost what it had paid for"
                continue
            assert isinstance(result, Result)
            results.append(result)
    assert play(method(LONG, key=Key(), **options), lambda ask: Reply("failed", error="500")).value.answer is None
    _no_budget_is_passed(method, len(asks), options)
    return results


def _no_budget_is_passed(method: Callable[..., Any], most: int, options: dict[str, Any]) -> None:
    async def within(limit: int | None) -> tuple[Result, int, str | None]:
        driver = Driver({"generator": Binding(toy(), Sampling(max_tokens=16))})
        scope = Scope("p", {}, Ledger(Budget(passes=limit)))
        outcome = await driver.run(method(LONG, key=Key(), **options), scope)
        return outcome.result, scope.ledger.spent.passes, outcome.error

    free, *_ = asyncio.run(within(None))
    for limit in range(most + 1):
        result, spent, error = asyncio.run(within(limit))
        assert error is None
        assert spent <= limit
        assert result.stop == "budget" or result == free
