"""Each method by a script of replies: what it chooses, what it asks for, what it makes of bad replies and ties."""

from __future__ import annotations

import pytest

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply, Usage
from passel.core.result import Candidate
from passel.methods.best_of import best_of
from passel.methods.first_finish import first_finish
from passel.methods.parts.votes import first_of, tally
from passel.methods.repeat import repeat
from passel.methods.single import single
from passel.methods.vote import vote


def last_word(text: str) -> Answer | None:
    """The last word is the answer; words that begin with "no" are none."""
    words = text.split()
    return Answer(words[-1], words[-1].lower()) if words and not words[-1].startswith("no") else None


PROBLEM = Problem("1", "?", read=last_word)
BAD = [Reply("failed", error="500"), Reply("length", "cut at b"), Reply("filtered")]
PASS, FAIL = Reply(value=True), Reply(value=False)


def by_length(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """A verifier that likes long texts and cannot judge those with a question mark."""
    yield from ()
    return None if "?" in text else float(len(text))


def test_single_takes_its_sample_as_it_is():
    played = play(single(PROBLEM, key=Key()), ["it is a"])
    assert (played.value.answer, played.value.text) == (Answer("a", "a"), "it is a")
    assert [ask.key for ask in played.asks] == [Key() / "draw" / 0]


@pytest.mark.parametrize("bad", BAD, ids=lambda reply: reply.stop)
def test_single_has_no_answer_where_its_sample_is_not_whole(bad):
    result = play(single(PROBLEM, key=Key()), [bad]).value
    assert result.answer is None
    assert result.candidates[0].stop == bad.stop


@pytest.mark.parametrize("make", [vote, best_of], ids=["vote", "best_of"])
@pytest.mark.parametrize("bad", BAD, ids=lambda reply: reply.stop)
def test_one_bad_sample_of_eight_leaves_seven_to_choose_from(make, bad):
    options = {"verifier": by_length} if make is best_of else {}
    texts = ["so a", "so b", "so b", "so a", "so a", "so b", "so a"]
    result = play(make(PROBLEM, key=Key(), n=8, **options), [*texts[:3], bad, *texts[3:]]).value
    assert result.answer == Answer("a", "a")
    assert len(result.candidates) == 8
    assert [one.stop for one in result.candidates].count(bad.stop) == 1
    assert [one.answer is None for one in result.candidates] == [False] * 3 + [True] + [False] * 4
    assert result.stop == "done"


def test_a_vote_counts_answers_and_not_texts():
    texts = ["same text b", "same text b", "first a", "second A", "third a"]
    result = play(vote(PROBLEM, key=Key(), n=5), texts).value
    assert result.answer == Answer("a", "a")
    assert result.text == "first a", "the first text with the winning answer"
    assert result.info["votes"] == {"b": 2, "a": 3}
    assert result.confidence == 0.6


def test_a_tied_vote_goes_to_the_answer_seen_first():
    assert play(vote(PROBLEM, key=Key(), n=4), ["b", "a", "a", "b"]).value.answer == Answer("b", "b")


def test_texts_without_an_answer_do_not_vote():
    result = play(vote(PROBLEM, key=Key(), n=4), ["none", "none", "none", "a"]).value
    assert result.answer == Answer("a", "a")
    assert result.confidence == 1.0


def test_a_vote_among_nobody_has_no_answer():
    result = play(vote(PROBLEM, key=Key(), n=2), ["none", BAD[0]]).value
    assert (result.answer, result.confidence, result.stop) == (None, None, "done")


def test_a_vote_goes_on_with_the_samples_that_fit():
    result = play(vote(PROBLEM, key=Key(), n=9), [OutOfBudget(fits=2), "a", "a", OutOfBudget()]).value
    assert (result.answer, result.stop) == (Answer("a", "a"), "budget")


def test_best_of_takes_the_highest_score_and_the_first_of_equals():
    texts = ["a", "xx b", "yy c", "d"]
    result = play(best_of(PROBLEM, key=Key(), n=4, verifier=by_length), texts).value
    assert result.text == "xx b"
    assert [one.score for one in result.candidates] == [1.0, 4.0, 4.0, 1.0]


def test_best_of_weighted_adds_scores_up_by_answer():
    texts = ["a", "long b", "a", "a", "also a"]
    assert play(best_of(PROBLEM, key=Key(), n=3, verifier=by_length), texts[:3]).value.answer == Answer("b", "b")
    weighted = play(best_of(PROBLEM, key=Key(), n=5, verifier=by_length, weighted=True), texts).value
    assert weighted.answer == Answer("a", "a")
    assert weighted.text == "a", "the first with that answer"


def test_best_of_never_takes_an_unscored_sample_over_a_scored_one():
    result = play(best_of(PROBLEM, key=Key(), n=3, verifier=by_length), ["? a very long one", "b", "none"]).value
    assert result.text == "b"
    assert [one.score for one in result.candidates] == [None, 1.0, None]


def test_best_of_falls_back_on_the_majority_where_nothing_could_be_scored():
    result = play(best_of(PROBLEM, key=Key(), n=3, verifier=by_length), ["? b", "? a", "? a"]).value
    assert result.answer == Answer("a", "a")


def test_best_of_does_not_ask_the_verifier_about_texts_without_an_answer():
    played = play(
        best_of(PROBLEM, key=Key(), n=3), ["none", "a", "b", Reply(scores=(-1.0, -2.0)), Reply(scores=(-2, -1))]
    )
    assert [ask.kind for ask in played.asks] == ["generate"] * 3 + ["score"] * 2
    assert played.value.answer == Answer("a", "a")


def test_best_of_keeps_the_scores_it_has_paid_for_when_the_budget_ends():
    """As its docstring says: when the budget ends it chooses among what was drawn and scored."""
    script = ["a", "a", "b", Reply(scores=(-3.0, -0.1)), Reply(scores=(-2.0, -0.1)), OutOfBudget()]
    result = play(best_of(PROBLEM, key=Key(), n=3), script).value
    assert result.stop == "budget"
    assert [one.score is not None for one in result.candidates] == [True, True, False]


def test_repeat_stops_at_the_first_that_passes_and_asks_no_more():
    played = play(repeat(PROBLEM, key=Key(), n=9), ["a", FAIL, "b", PASS])
    assert (played.value.answer, played.value.info) == (Answer("b", "b"), {"passed": True})
    assert [ask.kind for ask in played.asks] == ["generate", "call", "generate", "call"]
    assert played.asks[1].arguments == {"text": "a", "key": "a"}


def test_repeat_draws_a_batch_at_once_and_checks_all_of_it():
    played = play(repeat(PROBLEM, key=Key(), n=5, batch=2), ["a", "b", FAIL, FAIL, "c", "d", PASS, PASS])
    assert played.value.text == "c", "the first that passed"
    assert [len(op.asks) for op in played.rounds] == [2, 1, 1, 2, 1, 1]


def test_repeats_last_batch_is_as_small_as_it_must_be():
    played = play(repeat(PROBLEM, key=Key(), n=3, batch=2), ["a", "b", FAIL, FAIL, "c", FAIL])
    assert played.value.answer == Answer("a", "a"), "a tie goes to the first"
    assert played.value.info == {"passed": False}
    assert [ask.key.path[-1] for ask in played.asks if ask.kind == "generate"] == [0, 1, 2]


def test_repeat_checks_no_text_without_an_answer_and_a_failed_check_is_no_pass():
    played = play(repeat(PROBLEM, key=Key(), n=3), ["none", "a", Reply("failed", error="crash"), "b", FAIL])
    assert played.value.info == {"passed": False}
    assert len(played.value.candidates) == 3


@pytest.mark.parametrize("script", [["a", FAIL, OutOfBudget()], ["a", OutOfBudget()]], ids=["draw", "check"])
def test_repeat_gives_what_it_has_when_the_budget_ends(script):
    result = play(repeat(PROBLEM, key=Key(), n=9), script).value
    assert (result.answer, result.stop) == (Answer("a", "a"), "budget")
    assert result.info == {"passed": False}


def reply(text: str, tokens: int, stop: str = "end") -> Reply:
    return Reply(stop, text, usage=Usage(1, tokens))


def test_first_finish_takes_the_one_with_the_fewest_tokens():
    result = play(first_finish(PROBLEM, key=Key(), n=3), [reply("a", 9), reply("b", 4), reply("c", 6)]).value
    assert result.answer == Answer("b", "b")
    assert result.info == {"finished": [1, 2, 0], "tokens": [4, 6, 9]}


@pytest.mark.parametrize("stop", ["length", "failed", "filtered", "cancelled"])
def test_in_first_finish_what_did_not_finish_cannot_win(stop):
    result = play(first_finish(PROBLEM, key=Key(), n=2), [reply("a", 9), reply("b", 1, stop)]).value
    assert result.answer == Answer("a", "a")
    assert result.info["finished"] == [0]


def test_first_finish_of_m_takes_the_majority_of_the_m_shortest_and_of_a_tie_the_shorter():
    replies = [reply("a", 9), reply("b", 4), reply("c", 6), reply("c", 7), reply("b", 99), reply("b", 98)]
    assert play(first_finish(PROBLEM, key=Key(), n=6, m=3), replies).value.answer == Answer("c", "c")
    assert play(first_finish(PROBLEM, key=Key(), n=6, m=2), replies).value.answer == Answer("b", "b")


def test_first_finish_of_nobody_has_no_answer():
    result = play(first_finish(PROBLEM, key=Key(), n=2), [reply("a", 9, "length"), reply("b", 9, "length")]).value
    assert result.answer is None
    assert len(result.candidates) == 2


def test_first_finish_asks_for_a_race():
    (op,) = play(first_finish(PROBLEM, key=Key(), n=4, m=2), ["a", "b", "c", "d"]).rounds
    assert (len(op.asks), op.until) == (4, 2)


def test_all_methods_begin_with_the_same_draws():
    """So that one pool of samples serves them all."""
    first = {
        play(flow, lambda ask: PASS if ask.kind == "call" else Reply(text="a", scores=(-1.0, -2.0))).asks[0]
        for flow in (
            single(PROBLEM, key=Key()),
            vote(PROBLEM, key=Key(), n=4),
            best_of(PROBLEM, key=Key(), n=4),
            repeat(PROBLEM, key=Key(), n=4),
            first_finish(PROBLEM, key=Key(), n=4),
        )
    }
    assert len(first) == 1


# Votes


def candidates(*answers: str | None) -> list[Candidate]:
    return [Candidate(f"text {i}", Answer(answer, answer) if answer else None) for i, answer in enumerate(answers)]


def test_votes_are_added_up_in_order_of_first_appearance():
    found = tally(candidates("b", None, "a", "b"), [1.0, 100.0, 0.5, 0.25])
    assert list(found.items()) == [("b", 1.25), ("a", 0.5)]


def test_the_first_with_the_heaviest_answer_is_chosen():
    some = candidates(None, "a", "b", "b")
    assert first_of(some, tally(some)) == some[2]
    assert first_of(some, {}) is None
