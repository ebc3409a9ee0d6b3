"""Beam search and its greedy case by scripts: what is kept, what is drawn from it, what the answer is."""

from __future__ import annotations

import pytest
from step_scripts import FAILED, PROBLEM, by_last_digit, drawn_from, ends, goes_on, hashed, no_idea

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.reply import Reply
from passel.methods.beam import beam
from passel.methods.step_best_of import step_best_of

KEY = Key(4) / "1"


def beams(n: int, width: int, **options):
    return beam(PROBLEM, key=KEY, n=n, width=width, **({"verifier": by_last_digit, "step": "line"} | options))


def test_the_best_are_kept_and_each_is_gone_on_from():
    script = [*map(goes_on, ["1", "8", "3", "9"]), ends("4"), ends("6"), ends("5"), ends("7")]
    played = play(beams(4, 2), script)
    assert drawn_from(played) == [*(("", i) for i in range(4)), ("9\n", 0), ("9\n", 1), ("8\n", 0), ("8\n", 1)]
    assert {ask.sampling for ask in played.asks} == {Sampling(stop=("\n",))}
    assert {ask.key.path[:-1] for ask in played.asks} == {(*KEY.path, "draw")}
    assert (played.value.text, played.value.stop) == ("8\n7", "done")
    assert [one.text for one in played.value.candidates] == ["9\n4", "9\n6", "8\n5", "8\n7"]
    info = played.value.info
    assert (info["nodes"], info["rounds"], info["chosen"]) == (8, 2, 8)
    assert [(row["parent"], row["text"]) for row in info["tree"]][5:] == [(4, "4"), (4, "6"), (2, "5"), (2, "7")]


def test_a_finished_solution_holds_its_place_until_better_ones_push_it_out():
    first = [ends("8"), goes_on("9"), goes_on("1"), goes_on("2")]
    held = play(beams(4, 2), [*first, goes_on("7"), goes_on("6"), ends("3"), ends("5")])
    # 9 and 8! are kept, then 8! and 7, so that one prefix is gone on from; then 8! and 5! end it
    assert drawn_from(held)[4:] == [("9\n", 0), ("9\n", 1), ("9\n7\n", 0), ("9\n7\n", 1)]
    assert held.value.text == "8"
    pushed = play(beams(4, 2), [*first, goes_on("9"), goes_on("9"), *map(ends, "7654")])
    assert [prefix for prefix, _ in drawn_from(pushed)[6:]] == ["9\n9\n"] * 4
    assert [number for _, number in drawn_from(pushed)[6:]] == [0, 1, 2, 3], "one text, draws of its own for each"
    assert pushed.value.text == "8", "what was pushed out is still the best finished one"


def test_the_search_ends_when_only_finished_ones_are_kept():
    played = play(beams(4, 2), [ends("8"), goes_on("1"), ends("9"), goes_on("7")])
    assert played.value.text == "9"
    assert len(played.asks) == 4


@pytest.mark.parametrize(("n", "width", "first", "later"), [(5, 2, 5, 4), (3, 4, 3, 4), (7, 3, 7, 6), (1, 1, 1, 1)])
def test_n_need_be_no_multiple_of_the_width(n, width, first, later):
    """n first steps; then as many whole widths as go into n, one at least."""
    turns = iter([True] * first)
    played = play(beams(n, width, depth=2), lambda ask: goes_on("5") if next(turns, False) else ends("6"))
    assert [prefix for prefix, _ in drawn_from(played)] == [""] * first + ["5\n"] * later


def test_with_one_step_it_is_best_of_n():
    played = play(beams(3, 1, depth=1), [Reply(text="a\nb 3"), Reply(text="so 9"), Reply(text="5")])
    assert {ask.sampling for ask in played.asks} == {Sampling()}
    assert played.value.text == "so 9"


def test_the_last_step_is_drawn_to_the_end():
    played = play(beams(2, 2, depth=2), [goes_on("1"), goes_on("2"), Reply(text="3\n4"), Reply(text="5\n\n1")])
    assert [ask.sampling.stop for ask in played.asks] == [("\n",), ("\n",), None, None]
    assert played.value.text == "2\n3\n4"


@pytest.mark.parametrize("bad", [FAILED, Reply("length", "cut 9"), Reply("filtered")], ids=lambda reply: reply.stop)
def test_bad_steps_are_not_gone_on_from_and_are_no_solutions(bad):
    played = play(beams(2, 1), [bad, goes_on("1"), bad])
    assert played.value.answer is None
    assert played.value.candidates == ()
    played = play(beams(4, 2), [bad, goes_on("1"), bad, goes_on("2"), bad, ends("3"), bad, ends("4")])
    assert [one.text for one in played.value.candidates] == ["2\n3", "1\n4"]
    assert played.value.text == "1\n4"


def test_what_the_verifier_cannot_judge_comes_after_what_it_can():
    played = play(beams(3, 3), [goes_on("what"), goes_on("0"), goes_on("who"), ends("why"), ends("2"), ends("4")])
    assert drawn_from(played)[3:] == [("0\n", 0), ("0\n", 1), ("0\n", 2)]
    assert played.value.text == "0\n4"
    blind = play(beams(2, 2, verifier=no_idea), [goes_on("1"), goes_on("2"), ends("3"), ends("4")])
    assert blind.value.text == "1\n3", "the first, where nothing could be judged"
    failed = play(beams(2, 2, verifier=no_idea), [FAILED, goes_on("2"), ends("3"), ends("4")])
    assert failed.value.text == "2\n3", "but not a failed one"


def test_the_answer_can_be_voted_for():
    script = [ends("3"), ends("9"), ends("3"), ends("4")]
    assert play(beams(4, 1, choice="best"), script).value.text == "9"
    assert play(beams(4, 1, choice="vote"), script).value.text == "3"
    assert play(beams(4, 1, choice="weighted"), script).value.text == "9"


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ([OutOfBudget(fits=2), ends("3"), ends("7"), OutOfBudget()], "7"),
        ([ends("3"), goes_on("7"), goes_on("8"), goes_on("9"), OutOfBudget(), ends("1"), ends("2")], "3"),
        ([ends("3"), goes_on("7"), goes_on("8"), goes_on("9"), ends("9"), ends("5"), OutOfBudget()], "9\n9"),
    ],
)
def test_when_the_budget_ends_it_answers_from_what_is_finished(script, text):
    result = play(beams(4, 2), script).value
    assert (result.text, result.stop) == (text, "budget")


def test_the_greedy_beam_goes_on_from_one_step_alone():
    script = [*map(goes_on, "375"), *map(goes_on, "426"), *map(ends, "198")]
    played = play(step_best_of(PROBLEM, key=KEY, n=3, verifier=by_last_digit, step="line"), script)
    assert [prefix for prefix, _ in drawn_from(played)] == [""] * 3 + ["7\n"] * 3 + ["7\n6\n"] * 3
    assert played.value.text == "7\n6\n9"


def test_the_greedy_beam_is_a_beam_as_wide_as_its_round():
    greedy = play(step_best_of(PROBLEM, key=KEY, n=3, depth=5, verifier=by_last_digit, step="line"), hashed)
    assert greedy == play(beams(3, 3, depth=5), hashed)
