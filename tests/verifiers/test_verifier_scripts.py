"""Each verifier by examples."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_values import worth_of

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.verifiers.arithmetic import arithmetic, checks
from passel.verifiers.judge import judge
from passel.verifiers.self_evaluation import self_evaluation

PROBLEM = Problem("1", "Tom has 4 apples and buys 3 boxes of 2. How many?")


def arithmetic_of(text: str, question: str = PROBLEM.question) -> float | None:
    return worth_of(play(arithmetic(Problem("1", question), text, key=Key())))


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("3*2=6\n4+6=10\nThe answer is 10.", 1.0),
        ("  3 * 2 = 6  \n(4) + 6 = 10\n10", 1.0),
        ("3*2=6\n6+4=10.0\nThe answer is 10.", 1.0),
        ("3*2=5\n4+5=9\nThe answer is 9.", 9 / 10),
        ("3*2=6\n4+6=10\nThe answer is 11.", 9 / 10),
        ("3*2=6\n4+6=10", 9 / 10),
        ("3*2=6\n7+6=13\nThe answer is 13.", 8 / 10),
        ("3*2=6\nThe answer is 6.", 6 / 7),
        ("The answer is 10.", None),
        ("", None),
        ("first 3*2=6, then 4+6=10", None),
    ],
)
def test_arithmetic_is_the_share_of_checks_that_pass(text, score):
    assert arithmetic_of(text) == (score if score is None else pytest.approx(score))


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("7/2=3.5", True),
        ("7/2=3", False),
        ("7%2=1", True),
        ("2-7=-5", True),
        ("7-2=5", True),
        ("7/0=0", False),
        ("7%0=7", False),
        ("1/3=0.333", False),
        ("0.1+0.2=0.3", True),
        ("-7+2=-5", True),
    ],
)
def test_an_equation_holds_exactly_or_not_at_all(line, holds):
    assert next(checks(Problem("1", "7 2 0 1 3 0.1 0.2"), line)).passed is holds


def test_thousands_in_the_question_are_read_as_one_number():
    assert arithmetic_of("1500*2=3000\nThe answer is 3000.", "1,500 a day for 2 days?") == 1.0


@given(st.text(max_size=60))
def test_arithmetic_takes_any_text(text):
    score = arithmetic_of(text)
    assert score is None or 0.0 <= score <= 1.0


@given(st.integers(0, 99), st.integers(0, 99), st.integers(-99, 99).filter(bool))
def test_a_slip_never_scores_full(a, b, slip):
    said = a + b + slip
    assert arithmetic_of(f"{a}+{b}={said}\nThe answer is {said}.", f"{a} and {b}?") < 1.0


def judged(reply) -> float | None:
    return worth_of(play(judge(PROBLEM, "10", key=Key()), [reply]))


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Fine. Rating: [[10]]", 1.0),
        ("[[1]]", 0.0),
        ("Rating: [[5.5]]", 0.5),
        ("First [[2]], no: [[10]]", 1.0),
        ("Rating: 10", 1.0),
        ("rating 1", 0.0),
        ("Rating: 3, I mean Rating: [[10]]", 1.0),
        ("[[0]]", None),
        ("[[11]]", None),
        ("[[ten]]", None),
        ("no number", None),
        ("", None),
    ],
)
def test_a_rating_is_read_and_scaled(text, score):
    assert judged(text) == score


def test_a_failed_judgement_is_no_rating():
    assert judged(Reply("failed", error="500")) is None


def test_the_judge_is_asked_once_greedily_in_its_own_role():
    (ask,) = play(judge(PROBLEM, "it is 10", key=Key()), ["[[3]]"]).asks
    assert (ask.role, ask.label, ask.sampling) == ("judge", "judge", Sampling(temperature=0.0))
    assert PROBLEM.question in ask.prompt[0].content
    assert "it is 10" in ask.prompt[0].content


def test_braces_in_a_question_or_answer_are_left_as_they_are():
    problem = Problem("1", "what is {x}?")
    for verifier, reply in ((judge, "[[3]]"), (self_evaluation, Reply(scores=(-1.0, -1.0)))):
        (ask,) = play(verifier(problem, "{0} and {question}", key=Key()), [reply]).asks
        assert "what is {x}?" in ask.prompt[0].content
        assert "{0} and {question}" in ask.prompt[0].content


def evaluated(*scores: float) -> float | None:
    return worth_of(play(self_evaluation(PROBLEM, "10", key=Key()), [Reply(scores=scores)]))


@pytest.mark.parametrize(
    ("scores", "value"),
    [
        ((math.log(0.6), math.log(0.2)), 0.75),
        ((-math.inf, -1.0), 0.0),
        ((-1.0, -math.inf), 1.0),
        ((-math.inf, -math.inf), None),
        ((0.0, -math.inf), 1.0),
        ((-3.0, -3.0), 0.5),
    ],
)
def test_self_evaluation_is_the_share_of_yes(scores, value):
    assert evaluated(*scores) == (value if value is None else pytest.approx(value))


@given(st.floats(-1e4, 0), st.floats(-1e4, 0))
def test_self_evaluation_takes_any_log_probabilities(yes, no):
    value = evaluated(yes, no)
    assert 0.0 <= value <= 1.0
    assert (value > 0.5) == (yes > no) or value == pytest.approx(0.5)


def test_a_failed_score_is_no_evaluation():
    assert worth_of(play(self_evaluation(PROBLEM, "10", key=Key()), [Reply("failed", error="500")])) is None


def test_self_evaluation_asks_for_yes_and_no():
    (ask,) = play(self_evaluation(PROBLEM, "10", key=Key()), [Reply(scores=(-1.0, -1.0))]).asks
    assert (ask.kind, ask.continuations, ask.role) == ("score", ("Yes", "No"), "verifier")
