"""Mixture of agents by scripts of replies."""

from __future__ import annotations

import re

import pytest

from passel.core.address import address
from passel.core.errors import OutOfBudget, UsageError
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.mixture_of_agents import mixture_of_agents


def last_number(text: str) -> Answer | None:
    numbers = re.findall(r"\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "Which?", read=last_number)
FAILED = Reply("failed", error="500")


def run(replies, **options):
    return play(mixture_of_agents(PROBLEM, key=Key(), **options), replies)


def test_a_layer_sees_what_the_layer_before_it_said_and_no_older():
    played = run(["say 1", "say 2", "say 3", "say 4", "it is 5"], n=2, layers=3)
    first, second, last = played.asks[:2], played.asks[2:4], played.asks[4]
    assert {ask.prompt for ask in first} == {PROBLEM.prompt}
    assert all("say 1" in ask.prompt[-1].content and "say 2" in ask.prompt[-1].content for ask in second)
    assert "say 3" in last.prompt[-1].content
    assert "say 1" not in last.prompt[-1].content
    assert [ask.role for ask in played.asks] == ["generator"] * 4 + ["fuser"]
    assert played.value.answer == Answer("5", "5")
    assert played.value.info == {"aggregated": True}


def test_the_first_layer_is_the_shared_draws_and_one_layer_is_one_sample():
    assert [ask.key.path for ask in run(["1", "2", "2"], n=2, layers=2).asks[:2]] == [("draw", 0), ("draw", 1)]
    (only,) = run(["4"], layers=1).asks
    assert (only.role, only.key.path, only.prompt) == ("generator", ("draw", 0), PROBLEM.prompt)


def test_agents_propose_in_turn_and_no_draw_is_another_ones():
    played = run(lambda ask: Reply(text=f"{ask.role} says 4"), n=5, layers=3, agents="a+b")
    assert [ask.role for ask in played.asks] == ["a", "b", "a", "b", "a"] * 2 + ["fuser"]
    assert len({address("one model", ask) for ask in played.asks}) == 11
    assert {"a", "b", "fuser"} <= set(load("mixture_of_agents:agents=a+b").needs)


@pytest.mark.parametrize("agents", ["a,b", "a+", "+", "a b", "2"])
def test_a_role_that_is_no_name_is_refused_when_the_method_is_chosen(agents):
    with pytest.raises(UsageError, match="joined by"):
        load(f"mixture_of_agents:agents={agents}")


def test_what_failed_is_not_passed_on_and_a_layer_that_failed_leaves_the_one_before():
    played = run(["say 1", FAILED, FAILED, FAILED, "it is 1"], n=2, layers=3)
    assert played.asks[2].prompt[-1].content.count("[Response") == 1
    assert "say 1" in played.asks[4].prompt[-1].content


@pytest.mark.parametrize("last", [FAILED, "no idea"], ids=["failed", "no answer"])
def test_without_an_aggregate_the_majority_of_the_last_layer_is_taken(last):
    result = run(["1", "2", "2", last], n=3, layers=2).value
    assert (result.answer, result.info, result.stop) == (Answer("2", "2"), {"aggregated": False}, "done")


@pytest.mark.parametrize("agents", ["", "a+b"])
def test_a_budget_that_ends_amid_a_layer_leaves_what_was_drawn(agents):
    def until(point):
        drawn = []

        def reply(ask):
            drawn.append(ask)
            if len(drawn) > point:
                raise OutOfBudget()
            return Reply(text="4")

        return reply

    with pytest.raises(OutOfBudget):
        run(until(0), n=2, layers=3, agents=agents)
    for point in (2, 3, 4):
        result = run(until(point), n=2, layers=3, agents=agents).value
        assert (result.answer, result.stop) == (Answer("4", "4"), "budget")
    short = run(
        [OutOfBudget(fits=1), "4", OutOfBudget()] if not agents else [OutOfBudget(fits=1), "4"], n=2, agents=agents
    )
    assert (short.value.answer, short.value.stop) == (Answer("4", "4"), "budget")
