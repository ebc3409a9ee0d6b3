"""Zero-shot chain of thought: the trigger stands last."""

from __future__ import annotations

from passel.core.exact import exact
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.methods import load
from passel.methods.cot import cot
from passel.models.toy import Toy

PROBLEM = Problem("1", "2 + 2?", "End with the answer.", system="Be brief.")


def test_the_trigger_stands_behind_the_instruction():
    (ask,) = play(cot(PROBLEM, key=Key()), ["4"]).asks
    assert [turn.content for turn in ask.prompt] == [
        "Be brief.",
        "2 + 2?\nEnd with the answer.\nLet's think step by step.",
    ]


def test_the_trigger_can_be_another_one():
    made = load("cot:trigger=Work it out first.").make
    assert play(made(PROBLEM, key=Key()), ["4"]).asks[0].prompt[-1].content.endswith("\nWork it out first.")


def test_two_prompting_methods_can_stand_around_a_third():
    played = play(load("cot:method=reread:method.method=vote").make(PROBLEM, key=Key()), ["4"] * 16)
    assert {ask.prompt[-1].content for ask in played.asks} == {
        "2 + 2?\nRead the question again: 2 + 2?\nEnd with the answer.\nLet's think step by step."
    }


def test_its_answer_has_the_distribution_of_the_model_under_the_trigger():
    """A model that is right with 3/4 when it thinks and with 1/4 when it does not."""

    def texts(seen):
        right = 0.75 if "step by step" in seen else 0.25
        return [("4", right), ("5", 1 - right)]

    assert exact(lambda: cot(PROBLEM, key=Key()), Toy(texts)) == {"4": 0.75, "5": 0.25}
