"""Which peers a path hears from, and how similar two summaries are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.key import Key
from passel.methods.parts.routing import routed, similarity

words = st.text("abcé ", max_size=40)


def longest_common(one: str, other: str) -> int:
    """By the textbook's table."""
    row = [0] * (len(other) + 1)
    for letter in one:
        before = row
        row = [0]
        for place, second in enumerate(other):
            row.append(before[place] + 1 if letter == second else max(before[place + 1], row[place]))
    return row[-1]


@given(words, words)
def test_similarity_is_the_ratio_of_the_longest_common_subsequence(one, other):
    total = len(one) + len(other)
    expected = float(Fraction(2 * longest_common(one, other), total)) if total else 1.0
    assert similarity(one, other) == pytest.approx(expected)
    assert similarity(one, other) == similarity(other, one)


def test_similarity_at_values_known_from_elsewhere():
    """Levenshtein.ratio gives these."""
    assert similarity("kitten", "sitting") == pytest.approx(8 / 13)
    assert similarity("lewenstein", "levenshtein") == pytest.approx(6 / 7)


NEAR = ["aaaa", "aaab", "aabb", "bbbb", "cccc"]


def test_each_rule_on_one_example():
    def heard(how, k=2):
        return routed(NEAR, 0, k, how, Key())

    assert heard("clustered") == [1, 2]
    assert heard("dispersed") == [3, 4]
    assert heard("hybrid") in ([1, 3], [1, 4])
    assert heard("hybrid", 3) in ([1, 2, 3], [1, 2, 4])


@given(
    st.lists(st.one_of(st.none(), words), min_size=1, max_size=7),
    st.integers(1, 8),
    st.sampled_from(["dispersed", "clustered", "hybrid", "random"]),
    st.integers(0, 99),
)
def test_nobody_hears_itself_a_silent_one_or_anybody_twice(summaries, k, how, seed):
    for place in range(len(summaries)):
        heard = routed(summaries, place, k, how, Key(seed))
        speakers = [other for other, text in enumerate(summaries) if other != place and text and text.strip()]
        assert set(heard) <= set(speakers)
        assert heard == sorted(set(heard))
        assert len(heard) == min(k, len(speakers))


@given(st.lists(words.filter(str.strip), min_size=3, max_size=7), st.integers(1, 3), st.integers(0, 99))
def test_dispersed_hears_less_similar_ones_than_random_and_random_than_clustered(summaries, k, seed):
    def total(how):
        return sum(similarity(summaries[0], summaries[peer]) for peer in routed(summaries, 0, k, how, Key(seed)))

    assert total("dispersed") <= total("random") + 1e-9
    assert total("random") <= total("clustered") + 1e-9


def test_random_routing_hears_everybody_in_time():
    heard = [routed(NEAR, 0, 1, "random", Key(seed))[0] for seed in range(400)]
    assert all(60 <= heard.count(peer) <= 140 for peer in (1, 2, 3, 4))
