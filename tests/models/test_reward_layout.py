"""Rows of tokens for reward models: where values are read, and what alternatives share."""

from __future__ import annotations

import pytest

from passel.models.parts.reward.layout import Read, Row, Unfit, chain, pack


def encode(text):
    """A token a character; a bos token before them."""
    return [0, *map(ord, text)], [None, *((i, i + 1) for i in range(len(text)))]


def test_a_marker_takes_the_place_of_white_space_and_is_read_at_its_last_token():
    row = chain("Q", ["ab\n\n", "c "], encode, marker="|\n")
    assert "".join(map(chr, row.ids[1:])) == "Qab|\nc|"
    assert row.reads == (Read(4), Read(7))


def test_a_blank_marker_is_read_at_its_end():
    row = chain("Q", ["a\n\n", "b"], encode, marker="\n")
    assert "".join(map(chr, row.ids[1:])) == "Qa\nb\n"
    assert [row.ids[read.place] for read in row.reads] == [10, 10]


def test_a_vocabulary_is_read_one_token_before():
    row = chain("Q", ["ab", "c"], encode, vocabulary=True)
    assert row.ids == (0, ord("Q"), ord("a"), ord("b"))
    assert row.reads == (Read(2, ord("b")), Read(3, ord("c")))


def test_alternatives_share_a_trunk():
    row = pack([chain("Q", [part], encode) for part in ("ab", "ac", "d")])
    assert row == Row((0, *map(ord, "Qabacd")), (Read(3), Read(5), Read(6)), (2, 2, 1))
    assert row.trunk == 2


def test_children_of_one_token_need_the_trunk_alone():
    row = pack([chain("Q", [part], encode, vocabulary=True) for part in "abc"])
    assert row == Row((0, ord("Q")), tuple(Read(1, ord(part)) for part in "abc"))


def test_nothing_to_read_from_is_said():
    bare = lambda text: (list(map(ord, text)), [(i, i + 1) for i in range(len(text))])  # noqa: E731
    with pytest.raises(Unfit, match="nothing stands before"):
        chain("", ["a"], bare, vocabulary=True)
    with pytest.raises(Unfit, match="without a token"):
        chain("", [""], bare)
