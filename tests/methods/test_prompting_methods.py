"""Prompting methods: what they change in the problem, and that the method inside gets it."""

from __future__ import annotations

import pytest

from passel.core.ask import Message
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.options import parameters
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.registry import find, names
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.clarify import ASK, PERSONA
from passel.methods.parts.prompts import follow_up, with_line

PROBLEM = Problem("1", "2 + 2?", instruction="End with the answer.", system="Be brief.")
WRAPPERS = [name for name in names("methods") if "method" in parameters(find("methods", name))]


def asked(spec: str, replies=("4",), problem: Problem = PROBLEM) -> list[tuple[Message, ...]]:
    return [ask.prompt for ask in play(load(spec).make(problem, key=Key()), list(replies)).asks]


def test_there_are_wrappers():
    assert {"direct", "cot", "reread", "foresee_reflect", "concise", "clarify"} <= set(WRAPPERS)


def test_the_question_is_read_twice_and_the_instruction_once():
    ((_, user),) = asked("reread")
    assert user.content == "2 + 2?\nRead the question again: 2 + 2?\nEnd with the answer."


def test_reading_once_is_the_problem_as_it_is_and_shares_its_draw():
    plain = play(load("single").make(PROBLEM, key=Key()), ["4"]).asks
    assert play(load("reread:times=1").make(PROBLEM, key=Key()), ["4"]).asks == plain


@pytest.mark.parametrize("name", ["direct", "cot", "foresee_reflect", "concise"])
def test_a_line_more_stands_after_the_tasks_own_instruction(name):
    ((system, user),) = asked(name)
    assert system.content == "Be brief."
    assert user.content.startswith("2 + 2?\nEnd with the answer.\n")
    assert len(user.content) > len("2 + 2?\nEnd with the answer.\n") + 10


def test_the_trigger_can_be_another_one():
    ((_, user),) = asked("cot:trigger=Think.")
    assert user.content.endswith("\nThink.")


def test_the_cautious_persona_comes_after_the_systems_own():
    ((system, user),) = asked("clarify")
    assert system.content == f"Be brief.\n{PERSONA}"
    assert user.content == "2 + 2?\nEnd with the answer."


def test_a_clarifying_question_is_asked_for():
    ((_, user),) = asked("clarify:intervention=ask")
    assert user.content.endswith(ASK)


def test_what_a_reviewer_finds_stands_below_the_question():
    review, (_, user) = asked("clarify:intervention=check", ["Two of\nwhat?", "4"])
    assert "2 + 2?" in review[0].content
    assert user.content == "2 + 2?\n(A reviewer on this question: Two of what?)\nEnd with the answer."


def test_a_review_that_failed_changes_nothing():
    _, (_, user) = asked("clarify:intervention=check", [Reply("failed", error="500"), "4"])
    assert user.content == "2 + 2?\nEnd with the answer."


def test_a_review_without_an_answer_is_the_budgets_end():
    result = play(load("clarify:intervention=check").make(PROBLEM, key=Key()), ["Fine.", OutOfBudget()]).value
    assert (result.answer, result.stop) == (None, "budget")


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_is_also_an_option_of_the_method_inside(name):
    if "tool" in load(name).needs:
        pytest.skip("needs a tool")
    outside, inside = load(f"{name}:method=vote:method.n=3"), load(f"vote:n=3:prompt={name}")
    asks = [play(one.make(PROBLEM, key=Key()), lambda ask: "4").asks for one in (outside, inside)]
    assert asks[0] == asks[1]
    assert outside.needs == inside.needs


def test_needs_of_the_verifier_inside_the_method_inside_are_known():
    assert load("cot:method=best_of").needs["verifier"] == {"score"}
    assert load("best_of:verifier=genrm:prompt=cot").needs["verifier"] == {"text"}


def test_sampling_and_prompt_together():
    play_ = play(load("vote:n=2:prompt=cot:sampling.temperature=0.2").make(PROBLEM, key=Key()), lambda ask: "4")
    assert [ask.sampling.temperature for ask in play_.asks] == [0.2, 0.2]
    assert all("step by step" in ask.prompt[-1].content for ask in play_.asks)


def test_prompts_that_grow():
    chat = (Message("user", "q"),)
    assert with_line(chat, "x", before=True)[-1].content == "x\nq"
    assert with_line("raw", "x") == "raw\nx"
    assert [turn.author for turn in follow_up(chat, "a", "b")] == ["user", "assistant", "user"]
    assert follow_up("raw ", "said", "asked") == "raw said\n\nasked\n"
