"""Exact distributions against formulas."""

from __future__ import annotations

import math
from itertools import product

import pytest

from passel.core.exact import exact
from passel.core.flow import Flow, race, sample
from passel.core.key import Key
from passel.core.problem import Problem
from passel.methods.best_of import best_of
from passel.methods.first_finish import first_finish
from passel.methods.repeat import repeat
from passel.methods.single import single
from passel.methods.vote import vote
from passel.models.toy import Toy

CHANCES = {"a": 0.5, "b": 0.3, "c": 0.2}
TOY = Toy(lambda text: list(CHANCES.items()))
PROBLEM = Problem("1", "?")


def perfect(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """A verifier that knows that b is right."""
    yield from ()
    return float(text == "b")


def test_a_single_sample_has_the_models_distribution():
    assert exact(lambda: single(PROBLEM, key=Key()), TOY) == pytest.approx(CHANCES)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_a_vote_follows_the_multinomial_distribution(n):
    """Tied answers are equally likely to have been seen first."""
    expected = dict.fromkeys(CHANCES, 0.0)
    for counts in product(range(n + 1), repeat=3):
        if sum(counts) == n:
            ways = math.factorial(n) / math.prod(map(math.factorial, counts))
            chance = ways * math.prod(p**c for p, c in zip(CHANCES.values(), counts, strict=True))
            best = [answer for answer, count in zip(CHANCES, counts, strict=True) if count == max(counts)]
            for answer in best:
                expected[answer] += chance / len(best)
    assert exact(lambda: vote(PROBLEM, key=Key(), n=n), TOY) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_best_of_with_a_perfect_verifier_is_right_if_any_sample_is(n):
    found = exact(lambda: best_of(PROBLEM, key=Key(), n=n, verifier=perfect), TOY)
    assert found["b"] == pytest.approx(1 - (1 - 0.3) ** n)


@pytest.mark.parametrize(("n", "batch"), [(1, 1), (4, 1), (4, 2), (5, 3)])
def test_repeat_with_a_perfect_check_is_right_if_any_sample_is(n, batch):
    class Checked:
        outcomes = TOY.outcomes

        def reply(self, ask):
            from passel.core.reply import Reply

            return Reply(value=ask.arguments["text"] == "b")

    found = exact(lambda: repeat(PROBLEM, key=Key(), n=n, batch=batch), Checked())
    assert found["b"] == pytest.approx(1 - (1 - 0.3) ** n)


def test_the_first_to_finish_is_the_shortest():
    toy = Toy(lambda text: [("short", 0.1), ("quite a bit longer", 0.9)])
    found = exact(lambda: first_finish(PROBLEM, key=Key(), n=3), toy)
    assert found["short"] == pytest.approx(1 - 0.9**3)


def test_an_address_has_one_draw_however_often_it_is_asked_for():
    def flow() -> Flow[bool]:
        (one,) = yield from sample("?", key=Key())
        (same,) = yield from sample("?", key=Key())
        (other,) = yield from sample("?", key=Key(1))
        return (one.text == same.text, one.text == other.text)

    found = exact(flow, TOY, value=lambda pair: pair)
    assert found == pytest.approx({(True, True): 0.38, (True, False): 0.62})


def test_races_go_by_tokens():
    toy = Toy(lambda text: [("one", 0.5), ("two words", 0.5)])

    def flow() -> Flow[str]:
        replies = yield from race("?", key=Key(), n=2)
        return " ".join(reply.text if reply.ok else "-" for reply in replies)

    assert exact(flow, toy, value=str) == pytest.approx({"one -": 0.5, "- one": 0.25, "two words -": 0.25})


def test_outcomes_without_a_chance_are_not_walked():
    toy = Toy(lambda text: [("a", 1.0), ("b", 0.0)])
    assert exact(lambda: vote(PROBLEM, key=Key(), n=30), toy, max_leaves=1) == {"a": 1.0}


def test_too_many_ways_are_refused():
    with pytest.raises(ValueError, match="more than 100 ways"):
        exact(lambda: vote(PROBLEM, key=Key(), n=6), TOY, max_leaves=100)
