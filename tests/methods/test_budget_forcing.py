"""Budget forcing by scripts: what stands in place of an end, how tokens are counted down, when an answer is forced."""

from __future__ import annotations

import pytest

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget, UsageError
from passel.core.exact import exact
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply, Usage
from passel.methods import load
from passel.methods.budget_forcing import budget_forcing
from passel.models.toy import Toy


def stated(text: str) -> Answer | None:
    """The word behind the last "answer is"."""
    words = text.rpartition("answer is")[2].split() if "answer is" in text else []
    return Answer(words[0].strip("."), words[0].strip(".")) if words else None


PROBLEM = Problem("1", "?", "Do it.", read=stated)


def piece(text: str, tokens: int = 1, stop: str = "end") -> Reply:
    return Reply(stop, text, usage=Usage(1, tokens))


def forced(replies, **options):
    return play(budget_forcing(PROBLEM, key=Key(), **options), replies)


def test_an_end_becomes_a_wait_as_often_as_asked_and_the_last_answer_counts():
    played = forced(["The answer is a.", " no. The answer is b.", " yes. The answer is c."], waits=2)
    assert [ask.prefix for ask in played.asks] == [
        "",
        "The answer is a.\nWait",
        "The answer is a.\nWait no. The answer is b.\nWait",
    ]
    assert played.value.answer == Answer("c", "c")
    assert [one.answer.text for one in played.value.candidates] == ["a", "b", "c"]
    assert stated(played.value.text) == played.value.answer


def test_the_first_piece_is_the_plain_draw_that_all_methods_share():
    ask = forced(["The answer is a."], waits=0).asks[0]
    assert (ask.prompt, ask.prefix, ask.key, ask.sampling) == (PROBLEM.prompt, "", Key() / "draw" / 0, Sampling())


def test_tokens_for_thinking_are_counted_down_and_when_they_are_spent_the_answer_is_forced():
    played = forced([piece("one", 6), piece("two", 4, "length"), piece(" a.", 2)], waits=3, thinking=10)
    assert [ask.sampling.max_tokens for ask in played.asks] == [10, 4, None]
    assert played.asks[-1].prefix == "one\nWaittwo\nThe answer is"
    assert (played.value.answer, played.value.info) == (Answer("a", "a"), {"thought": 10})


def test_no_wait_is_left_hanging_where_the_last_token_ended_a_thought():
    played = forced([piece("one", 10), piece(" a.")], waits=3, thinking=10)
    assert [ask.prefix for ask in played.asks] == ["", "one\nThe answer is"]


def test_a_thought_without_an_answer_has_one_forced():
    played = forced(["Hm.", "Hm again.", " b."])
    assert played.asks[-1].prefix == "Hm.\nWaitHm again.\nThe answer is"
    assert played.value.answer == Answer("b", "b")


def test_with_a_delimiter_the_answer_always_comes_behind_it():
    played = forced(["The answer is a", "so", " c"], end="</think>", final="So the answer is", word="Hold on")
    assert [ask.sampling.stop for ask in played.asks] == [("</think>",), ("</think>",), None]
    assert played.asks[1].prefix == "The answer is a\nHold on"
    assert played.asks[2].prefix == "The answer is a\nHold onso\n</think>\nSo the answer is"
    assert played.value.answer == Answer("c", "c")


@pytest.mark.parametrize("stop", ["failed", "filtered"])
def test_where_a_piece_fails_the_answer_before_it_stands_and_nothing_more_is_asked(stop):
    played = forced(["The answer is a.", piece("", 0, stop)], waits=5)
    assert (played.value.answer, played.value.stop) == (Answer("a", "a"), "done")
    assert [one.stop for one in played.value.candidates] == ["end", stop]


def test_where_all_fails_there_is_no_answer():
    result = forced([piece("cut", 1, "length"), piece("", 0, "failed")]).value
    assert (result.answer, result.text) == (None, "")


@pytest.mark.parametrize(("script", "answer"), [
    (["The answer is a.", OutOfBudget()], Answer("a", "a")),
    ([piece("cut", 1, "length"), OutOfBudget()], None),
])  # fmt: skip
def test_the_best_so_far_when_the_budget_ends(script, answer):
    result = forced(script).value
    assert (result.answer, result.stop) == (answer, "budget")


def test_without_a_first_piece_there_is_nothing_to_return():
    with pytest.raises(OutOfBudget):
        forced([OutOfBudget()])


def test_the_answer_has_the_distribution_of_the_second_thought():
    """Right at first with 1/2; told to wait, a right one is kept with 3/4 and a wrong one mended with 1/4."""

    def texts(seen):
        if not seen.endswith("Wait"):
            return [("The answer is 1.", 0.5), ("The answer is 0.", 0.5)]
        keep = 0.75 if "is 1." in seen else 0.25
        return [(" The answer is 1.", keep), (" The answer is 0.", 1 - keep)]

    found = exact(lambda: budget_forcing(PROBLEM, key=Key(), waits=1), Toy(texts))
    assert found == pytest.approx({"1": 0.5 * 0.75 + 0.5 * 0.25, "0": 0.5})


def test_options_are_set_by_text_and_checked():
    options = load("budget_forcing:thinking=64:waits=0:end=</think>").options
    assert (options["thinking"], options["waits"], options["end"]) == (64, 0, "</think>")
    assert load("budget_forcing:thinking=none").options["thinking"] is None
    with pytest.raises(UsageError, match="thinking of method budget_forcing must be at least 1"):
        load("budget_forcing:thinking=0")
