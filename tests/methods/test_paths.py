"""Paths: a solution grows by a step, and it is known when it is done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from step_scripts import FAILED, PROBLEM, ends, goes_on

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer
from passel.core.reply import Reply, Usage
from passel.methods.parts.paths import START, Path, as_candidate, grown, next_steps


def unsaid(text: str) -> Reply:
    """A reply of an engine that does not say what ended it."""
    return Reply(text=text, stop_text=None)


def test_a_step_that_met_its_separator_goes_on():
    path = grown(START, goes_on("a", tokens=3), "\n")
    assert path == Path("a\n", 1, 3)
    assert (path.done, path.finished, path.dead) == (False, False, False)


def test_a_step_after_which_the_model_ended_is_the_last():
    path = grown(Path("a\n", 1, 3), ends("b", tokens=2), "\n")
    assert path == Path("a\nb", 2, 5, True)
    assert path.finished


def test_an_ending_that_adds_nothing_leaves_no_separator_behind():
    assert grown(Path("a\n\n", 1, 3), ends(""), "\n\n").text == "a"
    assert grown(Path("a\n\n", 1, 3), ends(" \n"), "\n\n").text == "a"


def test_where_the_engine_does_not_say_a_path_ends_on_an_empty_reply():
    one = grown(START, unsaid("a"), "\n")
    assert (one.text, one.done) == ("a\n", False)
    two = grown(one, unsaid(""), "\n")
    assert (two.text, two.finished) == ("a", True)


def test_a_step_drawn_to_the_solutions_end_is_done_whatever_the_engine_says():
    assert grown(START, unsaid("a\n\nb"), "") == Path("a\n\nb", 1, 0, True)


@pytest.mark.parametrize("stop", ["failed", "filtered", "length"])
def test_a_step_that_is_not_whole_makes_a_dead_path(stop):
    path = grown(Path("a\n", 1, 3), Reply(stop, "half 7", usage=Usage(1, 4), stop_text="\n"), "\n")
    assert (path.done, path.finished, path.dead, path.tokens) == (True, False, True, 7)
    assert as_candidate(PROBLEM, path, 0.5).answer is None
    assert as_candidate(PROBLEM, path, 0.5).stop == stop


def test_only_a_finished_path_has_an_answer():
    assert as_candidate(PROBLEM, Path("it is 7\n", 1), 0.5).answer is None
    assert as_candidate(PROBLEM, Path("it is 7\n", 1), 0.5).stop == "cancelled"
    whole = as_candidate(PROBLEM, Path("it is 7", 1, 9, True), 0.5)
    assert (whole.answer, whole.score, whole.tokens) == (Answer("7", "7"), 0.5, 9)


@given(st.lists(st.tuples(st.text("ab \n", max_size=5), st.sampled_from(["\n", "", None]))), st.integers(0, 3))
def test_a_path_only_grows_counts_its_steps_and_tokens_and_ends_clean(replies, tokens):
    path = START
    for text, met in replies:
        before, path = path, grown(path, Reply(text=text, stop_text=met, usage=Usage(1, tokens)), "\n")
        assert path.steps == before.steps + 1
        assert path.tokens == before.tokens + tokens
        assert path.text.startswith(before.text.rstrip("\n"))
        if path.done:
            break
        assert path.text == before.text + text + "\n"


@pytest.mark.parametrize(("unit", "stop"), [("paragraph", ("\n\n",)), ("line", ("\n",))])
def test_steps_are_drawn_up_to_their_separator_from_the_path_on(unit, stop):
    flow = next_steps(PROBLEM, Path("a\n", 1), key=Key(5), n=2, first=3, unit=unit, sampling=Sampling(top_p=0.5))
    played = play(flow, [goes_on("b"), ends("c")])
    assert [ask.key for ask in played.asks] == [Key(5) / "draw" / 3, Key(5) / "draw" / 4]
    assert {ask.prefix for ask in played.asks} == {"a\n"}
    assert {ask.sampling for ask in played.asks} == {Sampling(top_p=0.5, stop=stop)}
    assert [path.done for path in played.value] == [False, True]


def test_the_last_of_depth_steps_is_drawn_to_the_end():
    first = play(next_steps(PROBLEM, START, key=Key(), depth=2), [goes_on("a")])
    assert first.asks[0].sampling.stop == ("\n\n",)
    second = play(next_steps(PROBLEM, first.value[0], key=Key(), depth=2), [Reply(text="b\n\nc 3")])
    assert second.asks[0].sampling.stop is None
    assert second.value[0].finished


def test_as_many_steps_are_drawn_as_the_budget_allows():
    steps = play(next_steps(PROBLEM, START, key=Key(), n=5), [OutOfBudget(fits=2), goes_on("a"), FAILED, OutOfBudget()])
    assert [path.text for path in steps.value] == ["a\n\n", ""]
    with pytest.raises(OutOfBudget):
        play(next_steps(PROBLEM, START, key=Key(), n=5), [OutOfBudget()])
