"""Same key, same answer; sync as async; alone as in a crowd; and no more asks than was said."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest
from law_setup import CASES, KEY, PROBLEM, TOOLS, VERIFIERS, Case, answer_of, counted, driver, outcome_of

from passel.core.docs import bounds, describe
from passel.core.driver import Scope, run_sync
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.registry import find
from passel.verifiers import is_ranker, judged, scores_of

each = pytest.mark.parametrize("case", CASES, ids=repr)
CROWD = list({case.name: case for case in CASES}.values())  # one of each method
OTHERS = [Problem("p2", "What is 10 + 5?", read=PROBLEM.read), Problem("p3", "3 * 3", read=PROBLEM.read)]


@each
def test_the_same_key_gives_the_same_result(case):
    one, two = outcome_of(case.flow()), outcome_of(case.flow())
    assert one.error is None
    assert one.result == two.result
    assert (one.cost.passes, one.cost.tokens, one.cost.calls) == (two.cost.passes, two.cost.tokens, two.cost.calls)


@pytest.mark.parametrize("name", sorted({case.name for case in CASES}))
def test_another_key_can_give_another_result(name):
    """A method that ignores its key would draw the same texts for every problem and seed."""
    case = next(case for case in CASES if case.name == name)
    results = {repr(outcome_of(case.flow(key=Key(seed))).result) for seed in range(12)}
    assert len(results) > 1


@each
def test_sync_equals_async(case):
    async def work():
        return await driver().run(case.flow(), Scope("p1", TOOLS))

    async def inside():
        return run_sync(work())

    found = [asyncio.run(work()), run_sync(work()), asyncio.run(inside())]
    assert found[0].result == found[1].result == found[2].result


@each
def test_a_result_does_not_depend_on_who_else_is_running(case):
    alone = outcome_of(case.flow())

    async def crowd():
        d = driver(races="clock")
        others = [
            d.run(other.flow(problem, Key(9) / problem.id), Scope(problem.id, TOOLS))
            for place, other in enumerate(CROWD)
            for problem in [OTHERS[place % len(OTHERS)], PROBLEM]
        ]
        mine = d.run(case.flow(), Scope("p1", TOOLS))
        return (await asyncio.gather(*others[::2], mine, *others[1::2]))[len(others[::2])]

    together = asyncio.run(crowd())
    assert together.error is None
    assert together.result == alone.result
    assert together.cost.passes == alone.cost.passes
    assert together.cost.completion_tokens == alone.cost.completion_tokens


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
def test_it_asks_as_its_cost_line_says(case):
    limits = allowed(case)
    for seed in range(6):
        asks: Counter[str] = Counter()
        outcome = outcome_of(counted(case.flow(key=Key(seed)), asks))
        assert outcome.error is None
        assert asks.keys() <= limits.keys()
        for kind, (least, most) in limits.items():
            assert least <= asks[kind] <= most, kind
        assert outcome.cost.passes <= asks.total() - asks["call"]
        assert outcome.cost.calls <= asks["call"]


@pytest.mark.parametrize("name", VERIFIERS)
@pytest.mark.parametrize("texts", [["4+3=7\nThe answer is 7."], ["no", "The answer is 7.", ""], [""], []], ids=repr)
def test_a_verifier_asks_as_its_cost_line_says_and_returns_numbers_or_none_with_reasons(name, texts):
    """A judgement costs what its line says for each text, a ranking for all of them."""
    verifier = find("verifiers", name)
    numbered = dict(enumerate(texts))
    asks: Counter[str] = Counter()
    scores, paid = play(counted(scores_of(verifier, PROBLEM, numbered, key=KEY), asks), answer_of).value
    assert paid
    assert scores.keys() == numbered.keys()
    assert all(score is None or isinstance(score, int | float) for score in scores.values())
    judgements, _ = play(judged(verifier, PROBLEM, numbered, key=KEY), answer_of).value
    for judgement in judgements.values():
        assert judgement.explanation
        assert json.loads(json.dumps(dict(judgement.metadata), allow_nan=False)) == dict(judgement.metadata)
    about = describe(verifier)
    defaults = {option: default for option, (_, default) in about.options.items()}
    times = 1 if is_ranker(verifier) else len(texts)
    limits = bounds(about.cost, {"n": len(texts)} | defaults)
    assert asks.keys() <= limits.keys()
    for kind, (least, most) in limits.items():
        assert times * least <= asks[kind] <= times * most, kind
    assert play(scores_of(verifier, PROBLEM, numbered, key=KEY), answer_of).value == (scores, paid)


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_verifier_knows_no_answer_when_its_reply_failed(name):
    from passel.core.reply import Reply

    verifier = find("verifiers", name)
    texts = {0: "nothing to compute", 1: "nothing to compute either"}
    played = play(scores_of(verifier, PROBLEM, texts, key=KEY), lambda ask: Reply("failed", error="500"))
    assert played.value == ({0: None, 1: None}, True)


@each
def test_failed_replies_are_survived(case):
    """Every reply failed, and each one alone."""
    from passel.core.reply import Reply

    assert play(case.flow(), lambda ask: Reply("failed", error="500")).value.answer is None
    count = len(play(case.flow(), answer_of).asks)
    for bad in range(count):
        for stop in ("failed", "length", "filtered"):
            seen = iter(range(10_000))

            def some(ask, bad=bad, stop=stop, seen=seen):
                return Reply(stop, "cut at 12") if next(seen) == bad else answer_of(ask)

            play(case.flow(), some)


@each
def test_what_it_tells_can_be_written_as_json(case):
    result = outcome_of(case.flow()).result
    assert json.loads(json.dumps(dict(result.info))) is not None
    assert result.confidence is None or 0.0 <= result.confidence <= 1.0
    assert result.stop == "done"


@each
def test_an_answer_that_was_chosen_stands_in_its_text(case):
    for seed in range(6):
        result = outcome_of(case.flow(key=Key(seed))).result
        if result.answer is not None:
            assert PROBLEM.read(result.text) == result.answer


@each
def test_the_problems_own_instruction_reaches_the_model(case):
    marked = replace(PROBLEM, instruction="[[MARK]]", system="[[SYSTEM]]")
    seen: list[str] = []
    play(counted(case.flow(marked), Counter(), lambda ask: seen.append(repr(ask))), answer_of)
    assert any("[[MARK]]" in ask and "[[SYSTEM]]" in ask for ask in seen)
