"""Playing a flow by a script of replies."""

from __future__ import annotations

from contextlib import suppress

import pytest

from passel.core.ask import Generate
from passel.core.cost import Budget
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, Left, Par, Round, call, embed, race, sample, sample_within, score, together
from passel.core.key import Key
from passel.core.play import play
from passel.core.reply import Reply


def three() -> Flow[list[str]]:
    replies = yield from sample("q", key=Key(), n=3)
    return [reply.text for reply in replies]


def test_a_string_is_a_finished_text_and_the_asks_are_told():
    played = play(three(), ["a", Reply("length", "b"), "c"])
    assert played.value == ["a", "b", "c"]
    assert [ask.key for ask in played.asks] == [Key() / "draw" / i for i in range(3)]
    assert len(played.rounds) == 1


def test_a_script_may_be_a_function_of_the_ask():
    assert play(three(), lambda ask: str(ask.key.path[-1])).value == ["0", "1", "2"]


def test_a_script_that_is_too_short_is_an_error():
    with pytest.raises(AssertionError, match="more than the script holds"):
        play(three(), ["a", "b"])


def test_a_script_that_is_too_long_is_an_error():
    with pytest.raises(AssertionError, match="left 2 scripted replies unused"):
        play(three(), ["a", "b", "c", "d", "e"])


def test_an_exception_takes_the_place_of_its_round():
    def flow() -> Flow[list[str]]:
        with suppress(OutOfBudget):
            yield from sample("q", key=Key(), n=2)
        return (yield from three())

    assert play(flow(), [OutOfBudget(), "a", "b", "c"]).value == ["a", "b", "c"]


def test_an_exception_that_is_not_caught_comes_out():
    with pytest.raises(OutOfBudget):
        play(three(), [OutOfBudget()])


def test_flows_side_by_side_are_played_in_order():
    played = play(together([three(), three()]), list("abcdef"))
    assert played.value == [["a", "b", "c"], ["d", "e", "f"]]


def test_left_is_answered_as_told():
    def flow() -> Flow[Budget]:
        return (yield Left())

    assert play(flow(), left=Budget(passes=3)).value == Budget(passes=3)
    assert play(flow()).value == Budget()


def test_as_many_draws_as_fit():
    played = play(sample_within("q", key=Key(), n=5, label="x"), [OutOfBudget(fits=2), "a", "b", OutOfBudget()])
    assert [reply.text for reply in played.value] == ["a", "b"]
    assert all(isinstance(ask, Generate) and ask.label == "x" for ask in played.asks)
    with pytest.raises(OutOfBudget):
        play(sample_within("q", key=Key(), n=5), [OutOfBudget(fits=0)])


def test_draws_that_took_less_than_their_worst_case_leave_room_for_more():
    script = [OutOfBudget(fits=2), "a", "b", OutOfBudget(fits=1), "c", "d", "e"]
    played = play(sample_within("q", key=Key(), n=5), script)
    assert [reply.text for reply in played.value] == ["a", "b", "c", "d", "e"]
    assert [ask.key.path for ask in played.asks if isinstance(ask, Generate)][-2:] == [("draw", 3), ("draw", 4)]


@pytest.mark.parametrize(
    ("until", "n", "needed"), [("all", 3, 3), ("first", 3, 1), (2, 3, 2), (9, 3, 3), ("first", 0, 0), ("all", 0, 0)]
)
def test_how_many_replies_end_a_round(until, n, needed):
    (round_,) = play(sample("q", key=Key(), n=n, until=until), lambda ask: "a").rounds
    assert round_.needed == needed


def test_the_helpers_make_the_asks_they_say():
    (op,) = play(race("q", key=Key(), n=4, k=2), lambda ask: "a").rounds
    assert (len(op.asks), op.until) == (4, 2)
    assert play(score("q", ["Yes"]), [Reply(scores=(-1.0,))]).asks[0].role == "verifier"
    assert play(embed(["a"]), [Reply(vectors=((1.0,),))]).asks[0].role == "embedder"
    assert play(call("check", text="4"), [Reply(value=True)]).asks[0].arguments == {"text": "4"}


def test_what_is_no_op_is_an_error():
    def flow() -> Flow[None]:
        yield three()  # type: ignore[misc]

    with pytest.raises(AssertionError, match="a flow yields Round, Par or Left"):
        play(flow())


def test_ops_are_values():
    assert Round(()) == Round(())
    assert Par(()) == Par(())
