"""Diverse verifier tree search by scripts: subtrees that do not compete."""

from __future__ import annotations

import pytest
from step_scripts import FAILED, PROBLEM, by_last_digit, drawn_from, ends, goes_on, hashed

from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.methods.diverse_beam import diverse_beam
from passel.methods.step_best_of import step_best_of

KEY = Key(4) / "1"


def diverse(n: int, width: int, **options):
    return diverse_beam(PROBLEM, key=KEY, n=n, width=width, **({"verifier": by_last_digit, "step": "line"} | options))


def test_a_weak_subtree_goes_on_beside_a_strong_one():
    """A beam would keep 9 and 8 of the first subtree and drop the second."""
    script = [*map(goes_on, ["9", "8", "1", "2"]), ends("3"), ends("4"), ends("5"), ends("6")]
    played = play(diverse(4, 2), script)
    assert drawn_from(played) == [*(("", i) for i in range(4)), ("9\n", 0), ("9\n", 1), ("2\n", 0), ("2\n", 1)]
    assert played.value.text == "2\n6"
    assert [one.text for one in played.value.candidates] == ["9\n3", "9\n4", "2\n5", "2\n6"]


def test_subtrees_that_come_to_one_text_share_no_draw():
    script = [goes_on("7"), goes_on("1"), goes_on("7"), goes_on("2"), *map(ends, "3456")]
    played = play(diverse(4, 2), script)
    assert drawn_from(played)[4:] == [("7\n", i) for i in range(4)]
    assert [len(op.asks) for op in played.rounds] == [4, 4], "and are asked for together"


def test_a_subtree_ends_alone_when_its_best_step_is_finished():
    script = [ends("9"), goes_on("1"), ends("2"), goes_on("3"), ends("4"), goes_on("5"), ends("6"), ends("0")]
    played = play(diverse(4, 2), script)
    assert [prefix for prefix, _ in drawn_from(played)[4:]] == ["3\n", "3\n", "3\n5\n", "3\n5\n"]
    assert played.value.text == "9"
    passed_over = [one.text for one in played.value.candidates]
    assert passed_over == ["9", "2", "3\n4", "3\n5\n6", "3\n5\n0"], "finished ones that were passed over count too"


def test_a_subtree_whose_steps_all_failed_ends_and_leaves_the_others_theirs():
    script = [FAILED, FAILED, FAILED, goes_on("1"), ends("2"), ends("3")]
    played = play(diverse(4, 2), script)
    assert drawn_from(played)[4:] == [("1\n", 0), ("1\n", 1)]
    assert played.value.text == "1\n3"


@pytest.mark.parametrize(("n", "width", "drawn"), [(5, 2, 4), (3, 4, 4), (8, 4, 8)])
def test_n_is_rounded_down_to_whole_subtrees_but_one(n, width, drawn):
    assert len(play(diverse(n, width), lambda ask: ends("5")).asks) == drawn


def test_one_subtree_is_the_greedy_beam():
    alone = play(diverse(3, 3, depth=5), hashed)
    assert alone == play(step_best_of(PROBLEM, key=KEY, n=3, depth=5, verifier=by_last_digit, step="line"), hashed)


def test_every_subtree_ends_by_the_depth():
    played = play(diverse(6, 2, depth=3), lambda ask: goes_on("5") if ask.sampling.stop else ends("6"))
    assert len(played.asks) == 18
    assert [one.text for one in played.value.candidates] == ["5\n5\n6"] * 6


def test_when_the_budget_ends_it_answers_from_what_is_finished():
    script = [ends("3"), goes_on("7"), goes_on("8"), ends("2"), OutOfBudget(), ends("9"), ends("1")]
    result = play(diverse(4, 2), script).value
    assert (result.text, result.stop) == ("8\n9", "budget")
