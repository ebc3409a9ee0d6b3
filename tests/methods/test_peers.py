"""Learning from peers by scripts of replies."""

from __future__ import annotations

import re

import pytest

from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply, Usage
from passel.methods.parts.votes import tally
from passel.methods.peers import peers


def last_number(text: str) -> Answer | None:
    numbers = re.findall(r"\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "Which?", read=last_number)
FAILED = Reply("failed", error="500")


def cut(text: str, tokens: int = 1) -> Reply:
    """A piece that filled its tokens."""
    return Reply("length", text, usage=Usage(1, tokens))


def run(replies, **options):
    return play(peers(PROBLEM, key=Key(), **options), replies)


def test_a_path_is_cut_to_a_line_summarised_told_and_goes_on():
    script = [cut("first line\nhalf", 4), cut("other line\nha", 4)]
    script += [Reply(text=" one sees 1"), Reply("length", " two sees 2")]
    played = run([*script, "so 1", "so 1"], n=2, every=4, summary=7, turns=1)
    pieces, summaries, ends = played.asks[:2], played.asks[2:4], played.asks[4:]
    assert [(ask.key.path, ask.prefix, ask.sampling.max_tokens) for ask in pieces] == [
        (("draw", 0), "", 4),
        (("draw", 1), "", 4),
    ]
    assert summaries[0].prefix.startswith("first line\n")
    assert "half" not in summaries[0].prefix
    assert all(ask.sampling.max_tokens == 7 and ask.label == "summary" for ask in summaries)
    assert "one sees 1" in ends[0].prefix
    assert ends[0].prefix.index("one sees 1") < ends[0].prefix.index("two sees 2"), "its own summary, then its peer's"
    assert ends[1].prefix.index("two sees 2") < ends[1].prefix.index("one sees 1")
    assert all(ask.sampling.max_tokens is None for ask in ends)
    assert played.value.answer == Answer("1", "1")
    assert played.value.text == ends[0].prefix + "so 1"
    assert played.value.info == {"exchanges": 1}


def test_a_path_that_ended_is_out_of_the_exchange():
    script = ["done with 5", cut("on\n"), cut("on too\n"), Reply(text="s1"), Reply(text="s2"), "5", "6"]
    played = run(script, n=3, turns=1)
    assert [ask.key.path[-1] for ask in played.asks[3:]] == [1, 2, 1, 2]
    assert "done with 5" not in played.asks[5].prefix
    assert tally(played.value.candidates) == {"5": 2.0, "6": 1.0}


def test_paths_that_all_end_at_once_exchange_nothing():
    played = run(["1", "2", "2"], n=3)
    assert (len(played.asks), played.value.answer) == (3, Answer("2", "2"))
    assert played.value.info == {"exchanges": 0}


def test_a_path_hears_at_most_k_and_a_lone_one_nobody():
    def reply(ask):
        if ask.label == "summary":
            return Reply(text=f"summary of {ask.key.path[-1]}")
        return Reply(text="4") if ask.sampling.max_tokens is None else cut("on\n")

    played = run(reply, n=5, k=2, turns=1, routing="random")
    for ask in played.asks[-5:]:
        assert ask.prefix.count("- summary of") == 2
        assert f"- summary of {ask.key.path[-1]}" not in ask.prefix
    alone = run(reply, n=1, turns=1)
    assert "<comment>" not in alone.asks[-1].prefix


def test_a_failed_summary_is_not_heard():
    played = run([cut("a\n"), cut("b\n"), FAILED, Reply(text="seen"), "1", "1"], n=2, turns=1)
    assert played.asks[4].prefix == "a\n"
    assert "<comment>" not in played.asks[5].prefix


def test_a_path_that_fails_or_is_cut_at_its_end_has_no_answer():
    result = run([FAILED, cut("on 3\n"), Reply(text="s"), cut("still 3")], n=2, turns=1).value
    assert result.answer is None
    assert [one.stop for one in result.candidates] == ["failed", "length"]


def test_exchanges_are_as_many_as_turns_and_the_cost_is_the_most_there_is():
    def reply(ask):
        return Reply(text="4") if ask.sampling.max_tokens is None else cut("on\n")

    played = run(reply, n=3, turns=4)
    assert played.value.info == {"exchanges": 4}
    assert len(played.asks) == 3 * (2 * 4 + 1)


@pytest.mark.parametrize("point", range(2, 6))
def test_a_budget_that_ends_on_the_way_leaves_the_paths_that_ended(point):
    script = [Reply(text="7"), cut("on\n"), Reply(text="s"), cut("on\n"), Reply(text="s")]
    result = run([*script[:point], OutOfBudget()], n=2, turns=5).value
    assert (result.answer, result.stop) == (Answer("7", "7"), "budget")
