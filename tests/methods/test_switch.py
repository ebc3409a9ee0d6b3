"""Switching by scripts: who decides, by what figures, and what happens where there are none."""

from __future__ import annotations

import math
from functools import partial

import pytest

from passel.core.errors import OutOfBudget, UsageError
from passel.core.key import Key
from passel.core.needs import needs_of
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.parts.arms import Arm, arm_of, pays
from passel.methods.switch import switch
from passel.methods.vote import vote

PROBLEM = Problem("1", "2 + 2?", "End with the answer.")
NO_TOOL = UsageError("unknown tool 'pilot'")


def row(accuracy: float, tokens: float = 10.0, stderr: float | None = 0.01) -> dict[str, object]:
    return {"accuracy": accuracy, "stderr": stderr, "tokens": tokens, "problems": 50}


def pilot(**rows: object) -> Reply:
    return Reply(value={"methods": rows, "bins": {}})


def asked(played) -> str:
    """The prompt of the last draw."""
    return played.asks[-1].prompt[-1].content


def test_by_a_pilot_the_better_way_is_taken_and_nothing_is_asked_about_it():
    steps = play(switch(PROBLEM, key=Key()), [pilot(direct=row(0.5), cot=row(0.6, 99.0)), "4"])
    assert [ask.kind for ask in steps.asks] == ["call", "generate"]
    assert "step by step" in asked(steps)
    assert steps.value.info == {"thought": True, "decided_by": "pilot"}
    at_once = play(switch(PROBLEM, key=Key()), [pilot(direct=row(0.6), cot=row(0.5, 99.0)), "4"])
    assert "step by step" not in asked(at_once)
    assert "at once" in asked(at_once)
    assert at_once.value.info == {"thought": False, "decided_by": "pilot"}


def test_what_cannot_be_told_apart_is_decided_by_cost():
    figures = pilot(direct=row(0.60, 10.0, 0.05), cot=row(0.62, 99.0, 0.05))
    assert not play(switch(PROBLEM, key=Key()), [figures, "4"]).value.info["thought"]
    assert play(switch(PROBLEM, key=Key(), z=0.0), [figures, "4"]).value.info["thought"]


@pytest.mark.parametrize(("said", "thinks"), [
    ("Steps", True), ("direct.", False), ("Direct, not steps", False), ("I cannot say", True), ("", True),
])  # fmt: skip
def test_without_a_pilot_the_model_says_it_in_a_word(said, thinks):
    played = play(switch(PROBLEM, key=Key()), [NO_TOOL, said, "4"])
    question, answer = played.asks[1:]
    assert PROBLEM.question in question.prompt[-1].content
    assert question.sampling.max_tokens == 16
    assert PROBLEM.instruction in answer.prompt[-1].content
    assert ("step by step" in asked(played)) is thinks
    assert played.value.info == {"thought": thinks, "decided_by": "model"}


def test_a_word_that_was_cut_short_still_counts():
    played = play(switch(PROBLEM, key=Key(), by="model"), [Reply("length", "direct, because"), "4"])
    assert not played.value.info["thought"]


@pytest.mark.parametrize("reply", [pilot(vote=row(0.9)), pilot(direct=row(0.9)), Reply("failed", error="gone")])
def test_where_the_pilot_does_not_hold_both_ways_auto_asks_the_model(reply):
    played = play(switch(PROBLEM, key=Key()), [reply, "direct", "4"])
    assert played.value.info == {"thought": False, "decided_by": "model"}


def test_where_the_pilot_has_to_decide_it_must_hold_both_ways():
    with pytest.raises(UsageError, match=r"the pilot holds no cot .*it holds direct, vote"):
        play(switch(PROBLEM, key=Key(), by="pilot"), [pilot(direct=row(0.9), vote=row(0.8))])
    with pytest.raises(UsageError, match="unknown tool"):
        play(switch(PROBLEM, key=Key(), by="pilot"), [NO_TOOL])


def test_only_by_pilot_a_pilot_is_needed():
    assert load("switch:by=pilot").needs["tool"] == {"pilot"}
    assert "tool" not in load("switch").needs
    assert "tool" not in needs_of(switch, {"by": "model"})


def test_any_two_methods_can_be_the_ways_and_options_tell_them_apart():
    ways = {"fast": partial(vote, n=1), "slow": partial(vote, n=3)}
    for way, made in ways.items():
        made.__name__ = "vote"  # type: ignore[attr-defined]
        assert load(f"switch:{way}=vote:{way}.n={made.keywords['n']}").options[way].keywords == made.keywords
    figures = Reply(value={"methods": {"vote:n=1": row(0.5), "vote:n=2": row(0.9), "vote:n=3": row(0.7, 30.0)}})
    made = load("switch:fast=vote:fast.n=1:slow=vote:slow.n=3").make
    played = play(made(PROBLEM, key=Key()), [figures, "4", "5", "4"])
    assert (played.value.answer.text, played.value.info["thought"]) == ("4", True)


@pytest.mark.parametrize("script", [
    [pilot(direct=row(0.5), cot=row(0.9)), OutOfBudget()],
    [NO_TOOL, "steps", OutOfBudget()],
    [pilot(vote=row(0.5)), OutOfBudget()],
], ids=["way", "way after the model", "model"])  # fmt: skip
def test_a_budget_that_ends_behind_the_decision_leaves_no_answer(script):
    result = play(switch(PROBLEM, key=Key()), script).value
    assert (result.answer, result.stop) == (None, "budget")


# Arms


def test_arms_are_found_by_their_specs():
    figures = {"mine": row(0.5) | {"spec": "vote:n=4"}, "other": row(0.7) | {"spec": "vote:n=8"}}
    assert arm_of(figures, load("vote:n=8").make) == Arm(0.7, 0.01, 10.0)
    assert arm_of(figures, load("vote:n=9").make) is None
    assert arm_of({"vote": row(0.5, stderr=None)}, vote) == Arm(0.5, math.inf, 10.0)


@pytest.mark.parametrize(("slow", "fast", "z", "expected"), [
    (Arm(0.7, 0.03, 90), Arm(0.6, 0.04, 10), 1.0, True),  # a gain of 2 standard errors
    (Arm(0.7, 0.03, 90), Arm(0.6, 0.04, 10), 2.5, False),  # not told apart: the cheaper
    (Arm(0.7, 0.03, 10), Arm(0.6, 0.04, 90), 2.5, True),
    (Arm(0.6, 0.04, 10), Arm(0.7, 0.03, 90), 1.0, False),  # worse, however cheap
    (Arm(0.7, math.inf, 90), Arm(0.1, 0.0, 10), 1.0, False),  # one problem tells nothing
    (Arm(0.7, math.inf, 90), Arm(0.1, 0.0, 10), 0.0, True),
    (Arm(0.5, 0.0, 10), Arm(0.5, 0.0, 10), 0.0, False),  # alike in all: at once
])  # fmt: skip
def test_what_pays(slow, fast, z, expected):
    assert pays(slow, fast, z) is expected
