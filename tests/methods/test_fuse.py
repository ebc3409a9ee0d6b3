"""Fusion by scripts of replies."""

from __future__ import annotations

import re

import pytest

from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.methods.fuse import fuse
from passel.methods.parts.fusing import fusion_prompt


def last_number(text: str) -> Answer | None:
    numbers = re.findall(r"\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "Which?", instruction="Say a number.", system="Be brief.", read=last_number)
FAILED = Reply("failed", error="500")


def test_the_samples_are_the_shared_draws_and_the_fuser_is_another_role():
    played = play(fuse(PROBLEM, key=Key(), n=2), ["say 1", "say 2", "it is 3"])
    assert [(ask.role, ask.key.path) for ask in played.asks] == [
        ("generator", ("draw", 0)),
        ("generator", ("draw", 1)),
        ("fuser", ("fuse", "draw", 0)),
    ]
    assert played.asks[0].prompt == PROBLEM.prompt
    assert played.value.answer == Answer("3", "3"), "none of the samples said so"
    assert played.value.info == {"fused": True}
    assert len(played.value.candidates) == 3


def test_the_fuser_sees_whole_samples_alone():
    script = ["say 1", Reply("length", "cut at 2"), FAILED, " ", "say 3", "it is 3"]
    said = play(fuse(PROBLEM, key=Key(), n=5), script).asks[-1].prompt[-1].content
    assert "[Response 1]\nsay 1" in said
    assert "[Response 2]\nsay 3" in said
    assert "cut at 2" not in said
    assert "[Response 3]" not in said


@pytest.mark.parametrize("fused", [FAILED, "no idea", Reply("length", "it is 9")], ids=["failed", "no answer", "cut"])
def test_a_fused_text_without_an_answer_leaves_the_majority(fused):
    result = play(fuse(PROBLEM, key=Key(), n=3), ["1", "2", "2", fused]).value
    assert (result.answer, result.info, result.stop) == (Answer("2", "2"), {"fused": False}, "done")


def test_of_several_fused_texts_the_majority_counts_and_the_samples_do_not():
    result = play(fuse(PROBLEM, key=Key(), n=3, k=3), ["1", "1", "1", "3", "2", "3"]).value
    assert result.answer == Answer("3", "3")


def test_nothing_to_fuse_is_not_fused():
    played = play(fuse(PROBLEM, key=Key(), n=2), [FAILED, FAILED])
    assert (played.value.answer, len(played.asks)) == (None, 2)


def test_without_money_for_the_fuser_the_samples_vote():
    result = play(fuse(PROBLEM, key=Key(), n=3), ["1", "2", "2", OutOfBudget()]).value
    assert (result.answer, result.stop, result.info) == (Answer("2", "2"), "budget", {"fused": False})


def test_a_fusion_prompt_keeps_the_problems_own_words():
    system, user = fusion_prompt(PROBLEM, ["one", "two"], ["", "too long"])
    assert system.content == "Be brief."
    assert user.content.startswith("Which?\nSay a number.\n")
    assert "one\n" in user.content
    assert "two\n(A critic: too long)" in user.content
    assert user.content.count("A critic") == 1
    assert fusion_prompt(PROBLEM, []) == PROBLEM.prompt
