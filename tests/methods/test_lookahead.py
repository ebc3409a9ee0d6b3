"""Lookahead search by scripts: whose rollouts are drawn, how far, and that only the judgement sees them."""

from __future__ import annotations

import pytest
from step_scripts import FAILED, PROBLEM, by_last_digit, drawn_from, ends, goes_on, hashed

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.methods.beam import beam
from passel.methods.lookahead import lookahead
from passel.methods.parts.paths import START, Path
from passel.methods.parts.rollouts import rolled_out

KEY = Key(4) / "1"
GREEDY = Sampling(temperature=0.0, stop=("\n",))


def ahead(n: int, width: int, **options):
    return lookahead(PROBLEM, key=KEY, n=n, width=width, **({"verifier": by_last_digit, "step": "line"} | options))


def test_a_step_is_worth_what_its_rollout_ends_in():
    """9 leads to 1 and 2 leads to 8, so 2 is gone on from: not from 2.8, which only the verifier saw."""
    script = [goes_on("9"), goes_on("2"), goes_on("1"), goes_on("8"), ends("5"), ends("6")]
    played = play(ahead(2, 2), script)
    assert drawn_from(played) == [("", 0), ("", 1), ("9\n", 0), ("2\n", 0), ("2\n", 0), ("2\n", 1)]
    greedy = [ask.sampling == GREEDY for ask in played.asks]
    assert greedy == [False, False, True, True, False, False]
    assert played.value.text == "2\n6"


def test_rollouts_go_k_steps_and_stop_where_the_solution_ends():
    script = [goes_on("9"), goes_on("2"), goes_on("1"), goes_on("2"), goes_on("3"), ends("8"), ends("4"), ends("5")]
    played = play(ahead(2, 2, max_rollout_steps=3), script)
    assert [prefix for prefix, _ in drawn_from(played)[2:6]] == ["9\n", "9\n1\n", "9\n1\n2\n", "2\n"]
    assert [one.text for one in played.value.candidates] == ["2\n4", "2\n5"], "the rollouts 2.8! is no solution"


def test_a_finished_step_needs_no_rollout():
    assert len(play(ahead(2, 2), [ends("9"), ends("2")]).asks) == 2


def test_equal_steps_share_a_rollout():
    played = play(ahead(2, 2), [goes_on("9"), goes_on("9"), goes_on("1"), ends("5"), ends("6")])
    assert [prefix for prefix, _ in drawn_from(played)] == ["", "", "9\n", "9\n", "9\n"]


@pytest.mark.parametrize("n", [1, 4, 6])
def test_without_rollouts_it_is_beam_search(n):
    both = (
        ahead(n, 2, max_rollout_steps=0, depth=5),
        beam(PROBLEM, key=KEY, n=n, width=2, depth=5, step="line", **VERIFIER),
    )
    assert play(both[0], hashed) == play(both[1], hashed)


VERIFIER = {"verifier": by_last_digit}


def test_a_step_whose_rollout_failed_is_kept_last():
    played = play(ahead(2, 2), [goes_on("9"), goes_on("2"), FAILED, goes_on("1"), ends("5"), ends("6")])
    assert [prefix for prefix, _ in drawn_from(played)[4:]] == ["2\n", "2\n"]


def test_a_rollout_keeps_to_the_depth():
    rolled = rolled_out(PROBLEM, START, key=KEY, max_steps=9, unit="line", depth=3)
    played = play(rolled, lambda ask: goes_on("1") if ask.sampling.stop else ends("2"))
    assert played.value == (Path("1\n1\n2", 3, 3, True), True)
    assert [ask.sampling.stop for ask in played.asks] == [("\n",), ("\n",), None]
    whole = play(ahead(1, 1, max_rollout_steps=9, depth=2), [goes_on("1"), ends("2\n3"), ends("4")])
    assert [ask.sampling.stop for ask in whole.asks] == [("\n",), None, None]


def test_where_the_budget_ends_amid_a_rollout_it_is_judged_as_far_as_it_came():
    script = [goes_on("1"), goes_on("2"), goes_on("9"), OutOfBudget(), OutOfBudget(), OutOfBudget()]
    assert play(ahead(2, 2, max_rollout_steps=2), script).value.stop == "budget"
    rolled = rolled_out(PROBLEM, START, key=KEY, max_steps=3, unit="line")
    assert play(rolled, [goes_on("7"), OutOfBudget()]).value == (Path("7\n", 1, 1), False)
