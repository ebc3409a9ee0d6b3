"""Splitting long texts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from passel.core.problem import Problem
from passel.methods.parts.passages import document_of, groups, shown, split, tokens_of

WORD = st.text("abcdefgh", min_size=1, max_size=30)
SENTENCE = st.lists(WORD, min_size=1, max_size=12).map(lambda words: " ".join(words) + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=5).map(" ".join)
TEXT = st.lists(PARAGRAPH, min_size=1, max_size=8).map("\n\n".join)


@given(TEXT, st.integers(1, 80))
def test_nothing_is_lost_and_no_passage_is_too_long(text, tokens):
    found = split(text, tokens, max_passages=10_000)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)
    assert all(0 < tokens_of(passage) <= tokens for passage in found)


@given(TEXT, st.integers(1, 20), st.integers(1, 6))
def test_there_are_never_more_than_wanted(text, tokens, most):
    found = split(text, tokens, max_passages=most)
    assert 1 <= len(found) <= most
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)


@given(TEXT, st.integers(30, 80), st.integers(1, 25))
def test_with_an_overlap_nothing_is_lost_and_something_is_twice(text, tokens, overlap):
    found = split(text, tokens, max_passages=10_000, overlap=overlap)
    assert all(0 < tokens_of(passage) <= tokens for passage in found)
    assert len(" ".join(found)) <= len(text) + len(found) * overlap * 4
    words = iter([word for passage in found for word in passage.split()])
    assert all(word in words for word in text.split()), "in order, some of them twice"


def test_an_overlap_repeats_the_end():
    text = "Aa bb cc.\n\nDd ee ff.\n\nGg hh ii.\n\nJj kk ll."
    assert split(text, 6, max_passages=9) == ["Aa bb cc.\n\nDd ee ff.", "Gg hh ii.\n\nJj kk ll."]
    assert split(text, 6, max_passages=9, overlap=3) == [
        "Aa bb cc.\n\nDd ee ff.",
        "Dd ee ff.\n\nGg hh ii.",
        "Gg hh ii.\n\nJj kk ll.",
    ]


def test_a_short_text_is_one_passage_and_an_empty_one_is_none():
    assert split("What is 4 + 3?", 512, max_passages=4) == ["What is 4 + 3?"]
    assert split(" \n\n ", 512, max_passages=4) == []


@given(st.lists(st.text("ab ", min_size=1, max_size=40), min_size=2, max_size=20), st.integers(1, 40))
def test_each_round_of_groups_leaves_half_as_many(texts, tokens):
    found = groups(texts, tokens)
    assert [text for group in found for text in group] == texts
    assert len(found) <= (len(texts) + 1) // 2
    assert all(len(group) <= 2 or sum(map(tokens_of, group)) <= tokens for group in found)


def test_a_document_and_its_question():
    assert document_of(Problem("1", "2 + 2?")) == ("2 + 2?", "2 + 2?")
    assert document_of(Problem("1", "Text. Who?", details={"document": "Text.", "question": "Who?"})) == (
        "Text.",
        "Who?",
    )
    assert document_of(Problem("1", "Text. Who?", details={"document": "Text."})) == ("Text.", "Who?")
    assert document_of(Problem("1", "Who?", details={"document": "Text."})) == ("Text.", "Who?")
    for details in ({"document": ""}, {"document": 3}, {"question": "Who?"}):
        assert document_of(Problem("1", "Text. Who?", details=details)) == ("Text. Who?", "Text. Who?")


def test_passages_keep_their_numbers():
    assert shown(["a", "b", "c"], [0, 2]) == "[Passage 1]\na\n\n[Passage 3]\nc"
    assert shown(["a", "b"]).count("[Passage") == 2
