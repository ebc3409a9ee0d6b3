"""What docstrings promise of distributions, against formulas, on a model whose every answer and chance is known."""

from __future__ import annotations

from itertools import product
from math import comb, fsum, prod

import numpy as np
import pytest

from passel.core.exact import exact
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.estimators.coverage import pass_at_k
from passel.methods import load
from passel.models.toy import Toy

PROBLEM = Problem("1", "?", read=lambda text: Answer(text[:1], text[:1]))


class Known:
    """A model of which the answer "b" is right; a check knows that, and a critic has two things to say."""

    def __init__(self, chances):
        self.toy = Toy(lambda text: list(chances.items()))
        self.critic = Toy(lambda text: [("hm", 0.4), ("no", 0.6)])

    def outcomes(self, ask):
        return (self.critic if ask.role == "critic" else self.toy).outcomes(ask)

    def reply(self, ask):
        return Reply(value=float(ask.arguments["key"] == "b"))


def chances_of(spec, chances):
    return exact(lambda: load(spec).make(PROBLEM, key=Key()), Known(chances))


THREE = {"a": 0.5, "b": 0.3, "c": 0.2}


# vote: the mode, right or wrong


@pytest.mark.parametrize("mode", ["a", "b"])
def test_a_votes_answer_tends_to_the_mode_whether_it_is_right_or_not(mode):
    """For odd n the chance of the mode is a binomial tail. It rises, and misses 1 by no more than Hoeffding's bound."""
    other = {"a": "b", "b": "a"}[mode]
    found = [chances_of(f"vote:n={n}", {mode: 0.7, other: 0.3})[mode] for n in (1, 3, 5, 7, 9)]
    tails = [fsum(comb(n, k) * 0.7**k * 0.3 ** (n - k) for k in range(n // 2 + 1, n + 1)) for n in (1, 3, 5, 7, 9)]
    assert found == pytest.approx(tails)
    assert found == sorted(found)
    assert all(1 - chance <= np.exp(-2 * n * 0.2**2) for n, chance in zip((1, 3, 5, 7, 9), found, strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_a_vote_of_many_is_the_mode(seed):
    model = Toy(lambda text: [("b", 0.4), ("a", 0.35), ("c", 0.25)])
    votes = play(load("vote:n=2000").make(PROBLEM, key=Key(seed)), model.reply).value.info["votes"]
    assert max(votes, key=votes.get) == "b"
    assert votes["b"] / 2000 == pytest.approx(0.4, abs=4 * (0.24 / 2000) ** 0.5)


# feedback_scaling: with a perfect critic, coverage


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_parallel_feedback_with_a_perfect_critic_is_coverage(n):
    found = chances_of(f"feedback_scaling:n={n}:mode=parallel:verifier=math_answer", THREE)
    assert found["b"] == pytest.approx(1 - 0.7**n)
    assert fsum(found.values()) == pytest.approx(1.0)


def test_and_it_is_what_coverage_at_n_measures():
    """The mean over all pools of four draws of the estimate of coverage at 3."""
    expected = 0.0
    for pool in product(THREE, repeat=4):
        measured = pass_at_k(np.array([pool.count("b")]), np.array([4]))
        expected += prod(THREE[one] for one in pool) * float(measured[0, 2])
    assert chances_of("feedback_scaling:n=3:mode=parallel:verifier=math_answer", THREE)["b"] == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_sequential_feedback_that_changes_nothing_is_coverage_too(n):
    """What a critic says is lost on this model, so that each attempt is a new draw."""
    found = chances_of(f"feedback_scaling:n={n}:verifier=math_answer", THREE)
    assert found["b"] == pytest.approx(1 - 0.7**n)


# first_finish: the shortest is right more often, or less, the more there are


def shortest(n, lengths):
    """The chance that the shortest of n is right, the first of equals."""
    total = 0.0
    for drawn in product(lengths.items(), repeat=n):
        (_, right), _ = min(drawn, key=lambda one: one[0][0])
        total += prod(chance for _, chance in drawn) * right
    return total


def text_of(length, right):
    return " ".join(["b" if right else "a", *["x"] * (length - 1)])


EARLY = {(2, True): 0.2, (3, True): 0.2, (3, False): 0.2, (4, False): 0.4}
"""By words and being right; right ones are shorter: 40 % are right."""
TAILED = {(2, False): 0.1, (3, True): 0.5, (4, True): 0.1, (5, False): 0.3}
"""Right ones are shorter on average, and the very short ones wrong."""


@pytest.mark.parametrize("lengths", [EARLY, TAILED], ids=["early", "tailed"])
def test_the_first_to_finish_is_right_as_often_as_the_shortest(lengths):
    texts = {text_of(*one): chance for one, chance in lengths.items()}
    found = [chances_of(f"first_finish:n={n}", texts)["b"] for n in (1, 2, 3, 4)]
    assert found == pytest.approx([shortest(n, lengths) for n in (1, 2, 3, 4)])


def test_more_help_where_right_ones_are_shorter_and_harm_where_the_shortest_are_wrong():
    assert [shortest(n, EARLY) for n in (1, 2, 4)] == sorted(shortest(n, EARLY) for n in (1, 2, 4))
    later = [shortest(n, TAILED) for n in (2, 4, 6)]
    assert later == sorted(later, reverse=True)


# iterative_agent: the score never falls with a round


def test_the_answers_score_rises_with_the_rounds():
    """With a perfect verifier: one minus the chance that no round was right."""
    found = [
        chances_of(f"iterative_agent:n=1:rounds={rounds}:feedback=none:verifier=math_answer", THREE)["b"]
        for rounds in (1, 2, 3)
    ]
    assert found == pytest.approx([1 - 0.7**rounds for rounds in (1, 2, 3)])
