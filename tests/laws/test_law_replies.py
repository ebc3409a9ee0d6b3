"""The same key gives the same answer, in any loop and in any crowd; a run asks for what its Cost line says; failed
replies are survived."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest
from law_setup import (
    CASES,
    KEY,
    PROBLEM,
    PROBLEMS,
    TOOLS,
    VERIFIERS,
    Case,
    answer_of,
    counted,
    driver,
    each,
    each_method,
    free,
    played,
    seeded,
)

from passel.core.docs import bounds, describe
from passel.core.driver import Outcome, Scope, run_sync
from passel.core.key import Key
from passel.core.play import play
from passel.core.registry import find
from passel.core.reply import Reply
from passel.verifiers import is_ranker, judged


def course(outcome: Outcome, *units: str) -> tuple[object, ...]:
    """What came of a run, and what it cost in some units."""
    return (outcome.result, outcome.error, *(getattr(outcome.cost, unit) for unit in units))


@each
def test_the_same_key_gives_the_same_result_in_a_loop_of_its_own_and_inside_one(case):
    async def inside() -> Outcome:
        return run_sync(driver().run(case.flow(), Scope("p1", TOOLS)))

    assert free(case).error is None
    units = ("passes", "tokens", "calls")
    assert course(asyncio.run(inside()), *units) == course(free(case), *units)


@each_method
def test_sync_equals_async(case):
    assert run_sync(driver().run(case.flow(), Scope("p1", TOOLS))).result == free(case).result


@each_method
def test_another_key_can_give_another_result(case):
    """A method that ignores its key would draw the same texts for every problem and seed."""
    first = repr(free(case).result)
    assert any(repr(seeded(case, Key(seed))[0].result) != first for seed in range(12))


def test_a_result_does_not_depend_on_who_else_is_running():
    """All cases at once, in one driver, each among others on other problems. Prompts that are sent together are read
    once, so that prompt tokens do depend on it."""

    async def crowd() -> list[Outcome]:
        d = driver(races="clock")
        flows = []
        for place, case in enumerate(CASES):
            other = PROBLEMS[1 + place % 2]
            flows.append(d.run(case.flow(other, Key(9) / other.id), Scope(other.id, TOOLS)))
            flows.append(d.run(case.flow(), Scope("p1", TOOLS)))
        return (await asyncio.gather(*flows))[1::2]

    together = asyncio.run(crowd())
    units = ("passes", "completion_tokens", "calls")
    pairs = zip(CASES, together, strict=True)
    assert [case for case, outcome in pairs if course(outcome, *units) != course(free(case), *units)] == []


def allowed(case: Case) -> dict[str, tuple[float, float]]:
    """What the Cost line says, with the lines of its verifier or inner method put in for each of their runs."""
    return spelled_out(case.make, case.arguments)


def spelled_out(make, arguments) -> dict[str, tuple[float, float]]:
    total = bounds(describe(make).cost, arguments)
    for option, value in arguments.items():
        if option in total and callable(value):
            least, most = total.pop(option)
            if option != "method" and is_ranker(value):  # one run for all texts of a round
                least, most = (0, most) if least < most else (1, 1)
            own = {name: default for name, (_, default) in describe(value).options.items()}
            # a method without an n has its verifier judge one text at a time
            for kind, (low, high) in spelled_out(value, {"n": arguments.get("n") or 1} | own).items():
                before = total.get(kind, (0, 0))
                total[kind] = (before[0] + least * low, before[1] + most * high)
    return total


@each
def test_a_run_asks_as_its_cost_line_says_and_can_be_reported(case):
    """The answer stands in the text that was chosen; the info can be written as JSON."""
    limits = allowed(case)
    for seed in range(6):
        outcome, asks = seeded(case, Key(seed))
        assert outcome.error is None
        assert asks.keys() <= limits.keys()
        for kind, (least, most) in limits.items():
            assert least <= asks.get(kind, 0) <= most, kind
        assert outcome.cost.passes <= sum(asks.values()) - asks.get("call", 0)
        assert outcome.cost.calls <= asks.get("call", 0)
        result = outcome.result
        assert result.stop == "done"
        assert result.confidence is None or 0.0 <= result.confidence <= 1.0
        assert json.loads(json.dumps(dict(result.info))) is not None
        if result.answer is not None:
            assert PROBLEM.read(result.text) == result.answer


@pytest.mark.parametrize("name", VERIFIERS)
@pytest.mark.parametrize("texts", [["4+3=7\nThe answer is 7."], ["no", "The answer is 7.", ""], [""], []], ids=repr)
def test_a_verifier_asks_as_its_cost_line_says_and_returns_numbers_or_none_with_reasons(name, texts):
    """A judgement costs what its line says for each text, a ranking for all of them."""
    verifier = find("verifiers", name)
    numbered = dict(enumerate(texts))
    asks: Counter[str] = Counter()
    judgements, paid = play(counted(judged(verifier, PROBLEM, numbered, key=KEY), asks), answer_of).value
    assert paid
    assert judgements.keys() == numbered.keys()
    for judgement in judgements.values():
        assert judgement.value is None or isinstance(judgement.value, int | float)
        assert judgement.explanation
        assert json.loads(json.dumps(dict(judgement.metadata), allow_nan=False)) == dict(judgement.metadata)
    about = describe(verifier)
    defaults = {option: default for option, (_, default) in about.options.items()}
    times = 1 if is_ranker(verifier) else len(texts)
    limits = bounds(about.cost, {"n": len(texts)} | defaults)
    assert asks.keys() <= limits.keys()
    for kind, (least, most) in limits.items():
        assert times * least <= asks[kind] <= times * most, kind
    assert play(judged(verifier, PROBLEM, numbered, key=KEY), answer_of).value == (judgements, paid)


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_verifier_knows_no_answer_when_its_reply_failed(name):
    verifier = find("verifiers", name)
    texts = {0: "nothing to compute", 1: "nothing to compute either"}
    judgements, paid = play(judged(verifier, PROBLEM, texts, key=KEY), lambda ask: Reply("failed", error="500")).value
    assert paid
    assert {number: judgement.value for number, judgement in judgements.items()} == {0: None, 1: None}


@each
def test_failed_replies_are_survived(case):
    """Every reply failed, and each one alone."""
    assert play(case.flow(), lambda ask: Reply("failed", error="500")).value.answer is None
    for bad in range(len(played(case).asks)):
        for stop in ("failed", "length", "filtered"):
            asked = iter(range(10_000))

            def script(ask, bad=bad, stop=stop, asked=asked):
                return Reply(stop, "cut at 12") if next(asked) == bad else answer_of(ask)

            play(case.flow(), script)


@each
def test_the_problems_own_instruction_reaches_the_model(case):
    marked = replace(PROBLEM, instruction="[[MARK]]", system="[[SYSTEM]]")
    seen: list[str] = []
    play(counted(case.flow(marked), Counter(), lambda ask: seen.append(repr(ask))), answer_of)
    assert any("[[MARK]]" in ask and "[[SYSTEM]]" in ask for ask in seen)
