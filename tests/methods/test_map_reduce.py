"""Map, collapse and reduce over a document, by scripts."""

from __future__ import annotations

import pytest
from long_problem import CODE, LONG, code_in, results_at_every_budget, user

from passel.core.ask import Ask
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.methods.map_reduce import NOTHING, map_reduce
from passel.methods.single import single

GOLD = Answer("48213", "48213")
NOTE = f"Information: {CODE}\nRationale: it is said.\nAnswer: 48213\nConfidence: 5"
EMPTY = f"Information: none.\nRationale: rain.\nAnswer: {NOTHING}\nConfidence: 1"


def reader(ask: Ask) -> str:
    """A model that finds the code where it stands, and nothing elsewhere."""
    if ask.label == "map":
        return NOTE if CODE in user(ask) else EMPTY
    found = "48213" in user(ask)
    return (NOTE if found else EMPTY) if ask.label == "collapse" else ("It is 48213." if found else "It is 11111.")


def long_notes(ask: Ask) -> str:
    """The same, saying much about each part."""
    return reader(ask) if ask.label == "reduce" else reader(ask).replace(NOTHING, "55555") + " and so on" * 30


def labels(played) -> list[str]:
    return [ask.label for ask in played.asks]


def test_every_part_is_asked_at_once_and_what_holds_nothing_is_left_out():
    played = play(map_reduce(LONG, key=Key(), tokens=128), reader)
    parts = len(played.asks) - 1
    assert parts > 3
    assert labels(played) == ["map"] * parts + ["reduce"]
    assert CODE in user(played.asks[-1])
    assert user(played.asks[-1]).count("[Note") == 1
    assert "rained" not in user(played.asks[-1])
    assert user(played.asks[-1]).endswith(f"{LONG.details['question']}\n[[MARK]]")
    assert all("[[MARK]]" not in user(ask) for ask in played.asks[:-1])
    assert (played.value.answer, played.value.stop) == (GOLD, "done")
    assert played.value.info == {"parts": parts, "notes": 1}
    assert {ask.key for ask in played.asks} == {Key() / "draw" / 0}


def test_the_parts_are_the_document():
    played = play(map_reduce(LONG, key=Key(), tokens=128), reader)
    asked = [user(ask) for ask in played.asks[:-1]]
    for number, text in enumerate(asked, 1):
        assert f"[Part {number} of {len(asked)}]" in text
        assert len(text) < 128 * 4 + 800
    inside = " ".join(text.partition("]\n")[2].partition("\n[End")[0] for text in asked)
    assert inside.split() == LONG.details["document"].split()


def test_notes_that_are_too_long_are_combined_until_they_fit():
    played = play(map_reduce(LONG, key=Key(), tokens=128), long_notes)
    seen = labels(played)
    assert seen == sorted(seen, key=["map", "collapse", "reduce"].index)
    assert 0 < seen.count("collapse") < seen.count("map")
    assert user(played.asks[-1]).count("[Note") == 1, "two of these do not fit in 128 tokens"
    assert played.value.answer == GOLD
    assert len(seen) <= 2 * 32


def test_where_all_say_nothing_the_notes_are_reduced_all_the_same():
    played = play(map_reduce(LONG, key=Key(), tokens=256), lambda ask: EMPTY if ask.label == "map" else "It is 22222.")
    assert user(played.asks[-1]).count("[Note") == labels(played).count("map")
    assert played.value.answer == Answer("22222", "22222")


def test_a_part_that_failed_is_missing_and_one_that_was_cut_says_what_it_says():
    def some(ask: Ask) -> Reply | str:
        if ask.label == "map" and CODE in user(ask):
            return Reply("length", NOTE)
        return Reply("failed", error="500") if ask.label == "map" else reader(ask)

    played = play(map_reduce(LONG, key=Key(), tokens=128), some)
    assert user(played.asks[-1]).count("[Note") == 1
    assert played.value.answer == GOLD


def test_a_collapse_that_failed_loses_nothing():
    def some(ask: Ask) -> Reply | str:
        return Reply("failed", error="500") if ask.label == "collapse" else long_notes(ask)

    played = play(map_reduce(LONG, key=Key(), tokens=128), some)
    assert user(played.asks[-1]).count("Confidence: 5") == 1
    assert played.value.answer == GOLD


@pytest.mark.parametrize("problem", [Problem("1", "2 + 2?"), Problem("1", "A. Who?", details={"document": "A."})])
def test_what_fits_in_one_part_is_asked_as_it_is(problem):
    played, plain = play(map_reduce(problem, key=Key()), ["4"]), play(single(problem, key=Key()), ["4"])
    assert played.asks == plain.asks
    assert played.value.answer == plain.value.answer


def test_more_parts_than_allowed_are_made_larger():
    assert labels(play(map_reduce(LONG, key=Key(), tokens=64, passages=3), reader)).count("map") <= 3


@pytest.mark.parametrize("replies", [reader, long_notes])
@pytest.mark.parametrize("options", [{"tokens": 128}, {"tokens": 64, "overlap": 20, "passages": 5}], ids=repr)
def test_where_the_budget_ends_it_the_notes_so_far_decide(replies, options):
    results = results_at_every_budget(map_reduce, replies, **options)
    assert {result.stop for result in results} == {"budget"}
    assert all(result.answer is None or code_in(result.text) == result.answer for result in results)


def test_when_the_budget_ends_before_the_reduction_the_notes_vote():
    from passel.core.errors import OutOfBudget

    def script(ask: Ask) -> str:
        if ask.label == "reduce":
            raise OutOfBudget
        return reader(ask)

    result = play(map_reduce(LONG, key=Key(), tokens=128), script).value
    assert (result.answer, result.stop, result.text) == (GOLD, "budget", NOTE)
