"""Stop texts: the first that is completed ends the text, nothing of it is shown, however the text comes in pieces."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.errors import UsageError
from passel.engine.text.stops import Stopped, Stops, stops

letters = st.text("ab\n", max_size=24)
sets = st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=4)


def run(texts: list[str], pieces: list[str]) -> tuple[list[str], str | None]:
    """What each piece shows, and the end; and the stop text."""
    found, state, shown = Stops(texts), Stops.start, list[str]()
    for piece in pieces:
        state, text, stop_text = found.push(state, piece)
        shown.append(text)
        if stop_text is not None:
            return shown, stop_text
    return [*shown, found.finish(state)], None


def by_definition(texts: list[str], text: str) -> tuple[str, str | None]:
    """Letter by letter: the first place where a stop text ends; of several there, the longest."""
    for end in range(1, len(text) + 1):
        if ended := [stop for stop in texts if text[:end].endswith(stop)]:
            stop = max(ended, key=len)
            return text[: end - len(stop)], stop
    return text, None


def cut(text: str, places: list[int]) -> list[str]:
    borders = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(borders)]


@given(sets, letters, st.lists(st.integers(0, 100), max_size=8))
def test_any_split_gives_what_the_definition_gives(texts: list[str], text: str, places: list[int]) -> None:
    shown, stop_text = run(texts, cut(text, places))
    assert ("".join(shown), stop_text) == by_definition(texts, text)


@given(sets, letters, st.lists(st.integers(0, 100), max_size=8), letters)
def test_what_is_shown_holds_for_every_continuation(texts: list[str], text: str, places: list[int], more: str) -> None:
    """A stream never shows what a later piece makes part of a stop text, and holds back nothing else."""
    found, state, shown = Stops(texts), Stops.start, ""
    for piece in cut(text, places):
        state, new, stop_text = found.push(state, piece)
        shown += new
        if stop_text is not None:
            return
    assert by_definition(texts, text + more)[0].startswith(shown)
    held = found.finish(state)
    assert shown + held == text
    assert not held or any(stop.startswith(held) for stop in texts)
    assert not any(stop.startswith(text[start:]) for stop in texts for start in range(len(shown)))


@pytest.mark.parametrize(
    ("texts", "pieces", "shown", "stop_text"),
    [
        (["STOP"], ["a S", "TO", "P b"], ["a ", "", ""], "STOP"),
        (["STOP"], ["a S", "TO", "!"], ["a ", "", "STO!", ""], None),
        (["STOP"], ["a STO"], ["a ", "STO"], None),
        (["\n\n", "\n"], ["a\n", "\nb"], ["a"], "\n"),
        (["bcd", "c"], ["ab", "cd"], ["a", "b"], "c"),
        (["abc", "c"], ["xab", "c"], ["x", ""], "abc"),
        (["aab"], ["aa", "aab"], ["", "aa"], "aab"),
        ([], ["a", "b"], ["a", "b", ""], None),
    ],
)
def test_by_hand(texts: list[str], pieces: list[str], shown: list[str], stop_text: str | None) -> None:
    assert run(texts, pieces) == (shown, stop_text)


def test_a_state_can_be_kept_and_gone_on_from_twice() -> None:
    found = stops(("</s>",))
    state, _, _ = found.push(found.start, "a</")
    assert found.push(state, "s>b") == Stopped(0, "", "</s>")
    assert found.push(state, "p>") == Stopped(0, "</p>")


def test_an_empty_stop_text_is_refused() -> None:
    with pytest.raises(UsageError, match="stop must not hold an empty text"):
        stops(("a", ""))
    assert stops(("a", "b")) is stops(("a", "b"))
