"""Votes that stop early or weigh confidence, the model's own pick, multiple choice, generative and backward checks."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.errors import OutOfBudget
from passel.core.exact import exact
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply, Token
from passel.methods import load
from passel.methods.early_stop_vote import early_stop_vote
from passel.methods.parts.confidence import sureness
from passel.methods.parts.stopping import beta_lead, dirichlet_lead, settled_window, sprt_decided
from passel.methods.vote import vote
from passel.models.toy import Toy

FAILED = Reply("failed", error="500")
PROBLEM = Problem("1", "What is 2 + 3?")


def played(spec: str, script, problem: Problem = PROBLEM):
    return play(load(spec).make(problem, key=Key()), script)


# stopping rules


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30))
def test_the_lead_of_two_is_the_betas_mass_above_a_half(a, b):
    first, second = max(a, b), min(a, b)
    steps = 4000
    xs = [(i + 0.5) / steps for i in range(steps)]
    log_norm = math.lgamma(first + second + 2) - math.lgamma(first + 1) - math.lgamma(second + 1)
    mass = sum(math.exp(log_norm + first * math.log(x) + second * math.log(1 - x)) for x in xs if x > 0.5) / steps
    assert beta_lead(first, second) == pytest.approx(mass, abs=2e-3)
    assert dirichlet_lead([second, first]) == pytest.approx(beta_lead(first, second), abs=1e-3)


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=5))
def test_more_answers_make_the_leader_less_sure(counts):
    first, second, *_ = sorted(counts, reverse=True)
    assert dirichlet_lead(counts) <= beta_lead(first, second) + 1e-3
    assert dirichlet_lead(counts) >= 1 / len(counts) - 1e-3


def test_walds_test_needs_the_more_the_rarer_it_may_err():
    needed = [next(k for k in range(50) if sprt_decided(k, 0, error=error)) for error in (0.2, 0.05, 0.01)]
    assert needed == sorted(needed)
    assert not sprt_decided(9, 9)
    assert not settled_window(["4", None], 2)


# early_stop_vote


def test_it_stops_when_the_leader_is_clear_and_says_why():
    result = played("early_stop_vote:n=40", ["4"] * 4).value
    assert (result.info["samples"], result.info["ended"], result.answer.text) == (4, "beta", "4")
    result = played("early_stop_vote:rule=window:window=3:n=9", ["4", "5", "4", "5", "5", "5"]).value
    assert (result.info["samples"], result.info["ended"], result.answer.text) == (6, "window", "5")


COIN = Toy(lambda text: [("a", 0.5), ("b", 0.3), ("c", 0.2)])


def test_where_it_never_stops_early_it_is_the_vote():
    def key_of(result):
        return result.answer.key

    sure = exact(lambda: early_stop_vote(PROBLEM, key=Key(), n=4, confidence=1.0), COIN, value=key_of)
    plain = exact(lambda: vote(PROBLEM, key=Key(), n=4), COIN, value=key_of)
    assert sure == pytest.approx(plain)


def test_stopping_early_seldom_changes_the_votes_answer():
    """Draw by draw the vote's answer after n, against the one it stopped at."""

    def key_of(result):
        return result.answer.key

    early = exact(lambda: early_stop_vote(PROBLEM, key=Key(), n=7, confidence=0.8), COIN, value=key_of)
    plain = exact(lambda: vote(PROBLEM, key=Key(), n=7), COIN, value=key_of)
    assert sum(abs(early[a] - plain[a]) for a in plain) / 2 < 0.1
    assert early != pytest.approx(plain)


# universal_vote


def test_the_pick_is_read_wherever_it_is_said():
    for said, text in (("Response 2", "b"), ("**Response #1** … so Response 2.", "b"), ("1", "a"), ("2.", "b")):
        assert played("universal_vote:n=2", ["a", "b", said]).value.text == text


@pytest.mark.parametrize("said", ["none", "Response 7", "", FAILED])
def test_a_pick_that_names_none_leaves_the_majority(said):
    result = played("universal_vote:n=3", ["a", "b", "b", said]).value
    assert (result.text, result.info["picked"], result.stop) == ("b", None, "done")


def test_a_single_response_is_not_shown_to_a_judge():
    assert len(played("universal_vote:n=2", ["a", FAILED]).asks) == 2


def test_shuffling_changes_the_order_and_the_pick_follows_it():
    orders = set()
    for seed in range(20):
        script = ["a", "b", "c", "Response 1"]
        found = play(load("universal_vote:n=3:shuffle=true").make(PROBLEM, key=Key(seed)), script)
        shown = re.findall(r"\[Response 1\]\n(\w)", found.asks[3].prompt[-1].content)
        assert found.value.text == shown[0]
        orders.add(shown[0])
    assert orders == {"a", "b", "c"}


# confidence_vote


def sample(text: str, *logprobs: float) -> Reply:
    return Reply(text=text, tokens=tuple(Token(text, p, ((text, p), ("x", p - 1))) for p in logprobs))


def test_measures_of_confidence():
    tokens = sample("a", -1.0, -3.0).tokens
    assert sureness(tokens, "probability") == pytest.approx(math.exp(-2))
    assert sureness(tokens, "certainty") == pytest.approx((1.5 + 3.5) / 2)
    assert sureness(tokens, "tail") == pytest.approx(3.5)
    assert sureness(tokens, "lowest_group") == pytest.approx(2.5)
    assert sureness((), "tail") is None


def test_the_surest_share_votes_and_power_0_counts_heads():
    script = [sample("a", -0.1), sample("b", -2.0), sample("b", -2.0)]
    assert played("confidence_vote:n=3", script).value.text == "a"
    assert played("confidence_vote:n=3:power=0", script).value.text == "b"
    assert played("confidence_vote:n=3:power=0:keep=0.34", script).value.text == "a"
    assert played("confidence_vote:n=3", ["a", "b", "b"]).value.text == "b", "without log-probabilities it is a vote"


# mcq_probability


LETTERS = Problem(
    "1", "2 + 2?", options=("3", "4"), read=lambda text: Answer(text[-2], text[-2]) if text.endswith(")") else None
)


def test_letters_are_scored_where_the_answer_stood():
    script = ["Two and two.\nThe answer is (A)", Reply(scores=(math.log(0.2), math.log(0.6)))]
    found = played("mcq_probability", script, LETTERS)
    assert found.asks[1].prefix == "Two and two.\nThe answer is ("
    assert (found.value.answer.text, found.value.confidence) == ("B", pytest.approx(0.75))
    assert found.value.info["mass"] == pytest.approx(0.8)


def test_several_reasonings_are_averaged():
    a, b = Reply(scores=(math.log(0.9), math.log(0.1))), Reply(scores=(math.log(0.4), math.log(0.6)))
    result = played("mcq_probability:n=2", ["x", "y", a, b], LETTERS).value
    assert (result.answer.text, result.confidence) == ("A", pytest.approx(0.65))


# genrm_best_of, fobar


def test_verdicts_choose_and_without_any_the_majority_does():
    script = ["4", "5", "Verdict: No", "Verdict: No", "Verdict: Yes", "Verdict: No"]
    assert played("genrm_best_of:s=2:v=2", script).value.text == "5"
    assert played("genrm_best_of:s=3:v=1", ["4", "5", "5", "hm", "hm", "hm"]).value.text == "5"
    assert played("genrm_best_of:s=2:v=1", ["4", "5", OutOfBudget(), OutOfBudget()]).value.stop == "budget"


def test_fobar_judges_each_answer_once_and_alpha_1_is_the_vote():
    script = ["6", "6", "5", "x = 1", "x = 2", "x = 2", "x = 3"]
    assert played("fobar:n=3:m=1", script).value.text == "5"
    assert played("fobar:n=3:m=1:alpha=1", script).value.text == "6"
    no_numbers = Problem("1", "How many?")
    assert len(played("fobar:n=2:m=1", ["6", "5"], no_numbers).asks) == 2
