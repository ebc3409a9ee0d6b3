"""Methods that revise: what each attempt sees, when they stop, and which attempt is the answer."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.parts.chains import AGAIN

FAILED = Reply("failed", error="500")


def read(text: str) -> Answer | None:
    numbers = re.findall(r"\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "Two and two?", instruction="A number.", read=read)


@needs()
def by_number(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """The answer over 10."""
    yield from ()
    answer = problem.read(text)
    return int(answer.text) / 10 if answer else None


def played(name: str, script, **options):
    return play(load(name, options).make(PROBLEM, key=Key()), script)


FIRST = [
    ("self_refine", ["4", "Nothing to change."], {}),
    ("sequential_revision", ["4"], {"n": 1, "length": 1, "verifier": by_number}),
    ("iterative_agent", ["4"], {"n": 1, "rounds": 1, "verifier": by_number}),
    ("reflexion", ["4"], {"trials": 1, "verifier": by_number}),
    ("feedback_scaling", ["4"], {"n": 1, "verifier": by_number}),
    ("spontaneous_correct", ["4", "yes"], {}),
]


@pytest.mark.parametrize(("name", "script", "options"), FIRST)
def test_the_first_attempt_is_the_draw_that_all_methods_share(name, script, options):
    (plain,) = played("single", ["4"]).asks
    assert played(name, script, **options).asks[0] == plain


# self_refine


def test_a_rewrite_sees_every_attempt_and_what_was_said_of_it():
    found = played("self_refine", ["1", "Too small.", "2", "Still.", "3", "**Nothing to change**."])
    turns = found.asks[4].prompt
    assert [turn.author for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    assert [turns[1].content, turns[3].content] == ["1", "2"]
    assert "Too small." in turns[2].content
    assert [ask.role for ask in found.asks] == ["generator", "critic"] * 3
    assert (found.value.answer.text, found.value.info) == ("3", {"feedback": 2})


def test_an_attempt_without_an_answer_does_not_replace_one_with():
    assert played("self_refine:rounds=1", ["1", "Bad.", "none"]).value.answer.text == "1"
    assert played("self_refine", ["1", FAILED]).value.info == {"feedback": 0}
    result = played("self_refine", ["1", "Bad.", OutOfBudget()]).value
    assert (result.answer.text, result.stop) == ("1", "budget")


# sequential_revision


def test_an_attempt_sees_the_last_ones_of_its_chain():
    found = played("sequential_revision", list("1234"), n=1, length=4, context=2, verifier=by_number)
    last = found.asks[3].prompt
    assert [turn.content for turn in last if turn.author == "assistant"] == ["2", "3"]
    assert last[2].content == AGAIN
    assert found.value.answer.text == "4"


def test_the_best_of_each_chain_votes_with_its_score():
    # chains (9, 1), (5, 5) and (5, 2): their best are 9, 5 and 5; two fives outweigh the nine
    found = played("sequential_revision", list("915552"), n=3, length=2, verifier=by_number)
    assert found.value.answer.text == "5"
    assert found.value.info == {"chains": [2, 2, 2]}


def test_majorities_of_chains_vote():
    assert played("sequential_revision", list("112293"), n=2, length=3, choice="vote").value.answer.text == "1"


def test_a_failed_attempt_is_not_shown():
    found = played("sequential_revision", ["1", FAILED, "3"], n=1, length=3, verifier=by_number)
    assert [turn.content for turn in found.asks[2].prompt if turn.author == "assistant"] == ["1"]


# iterative_agent


def test_a_round_sees_the_best_and_the_worst_so_far():
    found = played("iterative_agent", list("391788"), n=3, rounds=2, verifier=by_number)
    prompt = found.asks[3].prompt[-1].content
    assert "best solution so far:\n9" in prompt
    assert "judged worse:\n1" in prompt
    assert found.value.answer.text == "9", "the best changes only for a better one"


def test_without_feedback_it_is_best_of_n_over_all_rounds():
    found = played("iterative_agent", list("391788"), n=3, rounds=2, feedback="none", verifier=by_number)
    assert found.asks == played("best_of", list("391788"), n=6, verifier=by_number).asks


def test_it_stops_at_a_score_that_is_enough():
    found = played("iterative_agent", list("39"), n=2, rounds=3, threshold=0.9, verifier=by_number)
    assert found.value.info == {"rounds": 1}


# reflexion


def test_a_trial_sees_the_last_reflections():
    script = ["1", "one", "2", "two", "3", "three", "4", "four", "5"]
    found = played("reflexion", script, trials=5, threshold=1.0, verifier=by_number)
    prompt = found.asks[8].prompt[-1].content
    assert prompt.endswith("- two\n- three\n- four")
    assert (found.value.answer.text, found.value.info) == ("5", {"accepted": False, "reflections": 4})


def test_an_accepted_trial_ends_it():
    found = played("reflexion", ["3", "more", "6"], verifier=by_number)
    assert (found.value.answer.text, found.value.info["accepted"]) == ("6", True)


# feedback_scaling


def test_feedback_stands_between_attempts_until_one_is_accepted():
    found = played("feedback_scaling", ["3", "Too small.", "7"], verifier=by_number)
    assert "A critic says: Too small." in found.asks[2].prompt[-1].content
    assert (found.value.answer.text, found.value.info) == ("7", {"accepted": True})
    failed = played("feedback_scaling", ["3", FAILED, "7"], verifier=by_number)
    assert failed.asks[2].prompt[-1].content == AGAIN


def test_side_by_side_with_a_perfect_verifier_it_is_coverage():
    for texts in ("124", "421", "125"):
        verdicts = [Reply(value=float(text == "4")) for text in texts]
        result = played("feedback_scaling:n=3:mode=parallel:verifier=math_answer", [*texts, *verdicts]).value
        assert (result.answer.text == "4") == ("4" in texts)
    assert load("feedback_scaling:verifier=math_answer").uses_gold
    assert not load("feedback_scaling").uses_gold


# spontaneous_correct


def test_solving_and_checking_alternate_in_one_growing_reply():
    found = played("spontaneous_correct", ["It is 5.", "No: 2 + 2 is 4.", "It is 4.", "Yes."])
    prefixes = [ask.prefix for ask in found.asks]
    assert prefixes[1].startswith("It is 5.\n\n")
    assert all(later.startswith(earlier) for earlier, later in pairwise(prefixes))
    assert (found.value.text, found.value.info) == ("It is 4.", {"verified": True, "solutions": 2})


def test_without_a_yes_the_last_answer_is_taken():
    result = played("spontaneous_correct:turns=2", ["5", "no", "none", "hm"]).value
    assert (result.answer.text, result.info["verified"]) == ("5", False)
    result = played("spontaneous_correct", ["5", OutOfBudget()]).value
    assert (result.answer.text, result.stop) == ("5", "budget")
