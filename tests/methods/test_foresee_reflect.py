"""Foresee and reflect: one prompt, both stages in order."""

from __future__ import annotations

from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.foresee_reflect import foresee_reflect

PROBLEM = Problem("1", "Who needs a hint?", "End with the name.", system="Be kind.")


def test_one_pass_asks_for_both_stages_before_the_answer():
    (ask,) = play(foresee_reflect(PROBLEM, key=Key()), ["Owen"]).asks
    system, user = (turn.content for turn in ask.prompt)
    assert system == "Be kind."
    places = [user.index(part) for part in ("Who needs", "End with the name.", "Foresee:", "Reflect:", "Then answer.")]
    assert places == sorted(places)


def test_the_question_is_not_touched_and_the_answer_is_read_as_ever():
    made = load("foresee_reflect:method=vote:method.n=3").make
    result = play(made(PROBLEM, key=Key()), ["Owen", Reply("failed", error="500"), "owen"]).value
    assert (result.answer.key, result.info["votes"]) == ("owen", {"owen": 2})
