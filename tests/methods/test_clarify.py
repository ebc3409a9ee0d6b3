"""Clarification in its three ways: what is changed, who is asked, and what a failed review does."""

from __future__ import annotations

import pytest

from passel.core.errors import OutOfBudget, UsageError
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.clarify import ASK, PERSONA, clarify

PROBLEM = Problem("1", "Add 2 to the number.", "End with the answer.", system="Be brief.")


def test_the_persona_joins_the_system_message():
    (ask,) = play(clarify(PROBLEM, key=Key()), ["4"]).asks
    assert [turn.content for turn in ask.prompt] == [
        f"Be brief.\n{PERSONA}",
        "Add 2 to the number.\nEnd with the answer.",
    ]
    (alone,) = play(clarify(Problem("1", "?"), key=Key()), ["4"]).asks
    assert [(turn.author, turn.content) for turn in alone.prompt] == [("system", PERSONA), ("user", "?")]


def test_a_question_of_its_own_is_asked_for_behind_the_instruction():
    (ask,) = play(clarify(PROBLEM, key=Key(), intervention="ask"), ["4"]).asks
    assert ask.prompt[-1].content == f"Add 2 to the number.\nEnd with the answer.\n{ASK}"


def test_a_check_is_a_critics_pass_whose_finding_stands_below_the_question():
    played = play(clarify(PROBLEM, key=Key(), intervention="check"), ["Which number?\n It is missing.", "4"])
    review, answer = played.asks
    assert (review.role, review.label) == ("critic", "clarify")
    assert "Add 2 to the number." in review.prompt[-1].content
    assert answer.role == "generator"
    assert answer.prompt[-1].content == (
        "Add 2 to the number.\n(A reviewer on this question: Which number? It is missing.)\nEnd with the answer."
    )


@pytest.mark.parametrize("bad", [Reply("failed", error="500"), Reply("length", "cut"), Reply(text="  ")])
def test_without_a_usable_review_the_problem_is_asked_as_it_is(bad):
    answer = play(clarify(PROBLEM, key=Key(), intervention="check"), [bad, "4"]).asks[1]
    assert answer.prompt == PROBLEM.prompt


def test_the_review_is_made_once_for_all_samples():
    made = load("clarify:intervention=check:method=vote:method.n=3").make
    played = play(made(PROBLEM, key=Key()), ["No problem.", "4", "4", "5"])
    assert [ask.label for ask in played.asks] == ["clarify", "", "", ""]
    assert played.value.answer.text == "4"


def test_a_budget_that_ends_behind_the_review_leaves_no_answer():
    script = ["No problem.", OutOfBudget()]
    result = play(clarify(PROBLEM, key=Key(), intervention="check"), script).value
    assert (result.answer, result.stop) == (None, "budget")


def test_only_the_three_ways_are_known():
    with pytest.raises(UsageError, match="persona"):
        load("clarify:intervention=person")
