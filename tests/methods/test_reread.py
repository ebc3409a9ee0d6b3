"""Re-reading: what the model sees twice, and what everybody else sees once."""

from __future__ import annotations

import pytest

from passel.core.errors import UsageError
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.reread import reread
from passel.methods.single import single

PROBLEM = Problem("1", "Ann has 12 pears.", "End with the answer.")


@pytest.mark.parametrize(("times", "copies"), [(1, 1), (2, 2), (3, 3)])
def test_the_question_stands_as_often_as_it_is_to_be_read(times, copies):
    lines = play(reread(PROBLEM, key=Key(), times=times), ["4"]).asks[0].prompt[-1].content.splitlines()
    again = ["Read the question again: Ann has 12 pears."] * (copies - 1)
    assert lines == ["Ann has 12 pears.", *again, "End with the answer."]


def test_read_once_it_is_the_plain_sample():
    assert play(reread(PROBLEM, key=Key(), times=1), ["4"]).asks == play(single(PROBLEM, key=Key()), ["4"]).asks
    with pytest.raises(UsageError, match="times of method reread must be at least 1"):
        load("reread:times=0")


def test_a_verifier_sees_the_question_once():
    seen: list[str] = []

    def look(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
        yield from ()
        seen.append(problem.question)
        return 1.0

    inner = load("best_of:n=1", {"verifier": look}).make
    play(reread(PROBLEM, key=Key(), method=inner), ["4"])
    assert seen == ["Ann has 12 pears."]


def test_a_number_that_backward_checking_hides_is_hidden_in_every_copy():
    """The second copy once stood in the question, and told the hidden number."""
    made = load("fobar:n=1:m=1:prompt=reread").make
    problem = Problem("1", "Ann has 12 pears.", "End with the answer.")
    forward, backward = play(made(problem, key=Key()), ["12", "x = 12"]).asks
    assert forward.prompt[-1].content.count("12") == 2
    assert "Ann has x pears." in backward.prompt[-1].content
    assert "Ann has 12 pears." not in repr(backward.prompt)


def test_around_examples_each_of_them_is_read_again_too():
    shown = Reply(value=[{"question": "Bob has 3 figs.", "solution": "3"}])
    played = play(load("reread:method=few_shot:method.k=1").make(PROBLEM, key=Key()), [shown, "12"])
    assert [turn.content.splitlines()[:2] for turn in played.asks[1].prompt] == [
        ["Bob has 3 figs.", "Read the question again: Bob has 3 figs."],
        ["3"],
        ["Ann has 12 pears.", "Read the question again: Ann has 12 pears."],
    ]
