"""Difficulty-aware prompting: three formats in one prompt."""

from __future__ import annotations

from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.methods import load
from passel.methods.concise import concise

PROBLEM = Problem("1", "2 + 2?", "End with the answer.")


def test_the_levels_stand_in_order_behind_the_instruction():
    (ask,) = play(concise(PROBLEM, key=Key()), ["4"]).asks
    said = ask.prompt[-1].content
    places = [said.index(part) for part in ("2 + 2?", "End with the answer.", "judge", "easy:", "medium:", "hard:")]
    assert places == sorted(places)


def test_each_level_asks_for_all_that_the_one_below_does_and_more():
    easy, medium, hard = (line for line in play(concise(PROBLEM, key=Key()), ["4"]).asks[0].prompt[-1].content
                          .splitlines() if line.startswith(("easy", "medium", "hard")))  # fmt: skip
    assert all("steps" in level for level in (easy, medium, hard))
    assert ["plan" in level for level in (easy, medium, hard)] == [False, True, True]
    assert ["check" in level for level in (easy, medium, hard)] == [False, False, True]


def test_it_goes_around_any_method():
    played = play(load("vote:n=3:prompt=concise").make(PROBLEM, key=Key()), ["4", "5", "5"])
    assert played.value.answer.text == "5"
    assert len({ask.prompt for ask in played.asks}) == 1
