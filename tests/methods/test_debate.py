"""Debate by scripts of replies."""

from __future__ import annotations

import re

import pytest

from passel.core.address import address
from passel.core.ask import Message
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.methods.debate import debate


def last_number(text: str) -> Answer | None:
    numbers = re.findall(r"\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "Which?", read=last_number)
FAILED = Reply("failed", error="500")


def test_each_agent_sees_its_own_answer_as_its_own_and_the_others_as_theirs():
    played = play(debate(PROBLEM, key=Key(), agents=3, rounds=2), ["say 1", "say 2", "say 3", "2", "2", "1"])
    assert [ask.key.path for ask in played.asks[:3]] == [("draw", 0), ("draw", 1), ("draw", 2)]
    for agent, ask in enumerate(played.asks[3:]):
        question, own, said = ask.prompt
        assert question == Message("user", "Which?")
        assert own == Message("assistant", f"say {agent + 1}")
        assert [f"say {other}" in said.content for other in (1, 2, 3)] == [other != agent + 1 for other in (1, 2, 3)]
    assert played.value.answer == Answer("2", "2"), "the last round votes, the first does not"
    assert played.value.info == {"changed": 2}


def test_one_round_is_a_vote():
    played = play(debate(PROBLEM, key=Key(), agents=3, rounds=1), ["1", "2", "2"])
    assert (played.value.answer, len(played.asks)) == (Answer("2", "2"), 3)


def test_the_last_round_shows_what_the_round_before_it_said():
    played = play(debate(PROBLEM, key=Key(), agents=2, rounds=3), ["say 6", "2", "say 7", "4", "5", "5"])
    assert "say 7" in played.asks[5].prompt[-1].content
    assert "say 6" not in played.asks[5].prompt[-1].content


@pytest.mark.parametrize(
    "bad", [FAILED, Reply("length", "cut at 9"), Reply("end", " ")], ids=["failed", "cut", "blank"]
)
def test_an_agent_without_a_whole_answer_is_asked_the_question_with_the_others_answers(bad):
    played = play(debate(PROBLEM, key=Key(), agents=2, rounds=2), [bad, "say 2", "2", "2"])
    (alone,) = played.asks[2].prompt
    assert alone.content.startswith("Which?\n")
    assert "say 2" in alone.content
    assert "9" not in played.asks[3].prompt[-1].content
    assert all(message.content.strip() for ask in played.asks for message in ask.prompt), "no empty turn"


def test_an_agent_alone_is_asked_to_look_again():
    played = play(debate(PROBLEM, key=Key(), agents=1, rounds=2), ["say 1", "2"])
    assert "other agents" not in played.asks[1].prompt[-1].content
    assert played.value.answer == Answer("2", "2")


def test_an_answer_that_failed_later_leaves_the_one_before():
    result = play(debate(PROBLEM, key=Key(), agents=2, rounds=2), ["1", "2", FAILED, FAILED]).value
    assert (result.answer, result.info) == (Answer("1", "1"), {"changed": 0})


def test_no_draw_is_asked_for_twice_though_everything_fails():
    played = play(debate(PROBLEM, key=Key(), agents=2, rounds=4), [FAILED] * 8)
    assert played.value.answer is None
    assert len({address("m", ask) for ask in played.asks}) == 8


def test_when_the_budget_ends_a_round_the_answers_so_far_vote():
    result = play(debate(PROBLEM, key=Key(), agents=3, rounds=2), ["1", "2", "2", "1", OutOfBudget(), "1"]).value
    assert (result.answer, result.stop) == (Answer("1", "1"), "budget")
    few = play(debate(PROBLEM, key=Key(), agents=3, rounds=2), [OutOfBudget(fits=2), "1", "1", OutOfBudget()]).value
    assert (few.answer, few.stop) == (Answer("1", "1"), "budget")
