"""Chance by address: fixed for ever, fair, and the same in whatever order it is looked at."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.key import Key

labels = st.integers() | st.text(st.characters(exclude_categories=()), max_size=5)
keys = st.builds(Key, st.integers(), st.lists(labels, max_size=4).map(tuple))


def test_golden_values_never_change():
    """A recorded run names its draws by these: if they change, records are worth nothing."""
    assert (Key(0) / "draw" / 3).bits() == 15327482089608231053
    assert Key(7, ("a", 1)).bits(128) == 40824412107692867049040058064924558976
    assert Key().uniform() == 0.5162886151263629
    assert (Key(1) / "p").permutation(8) == [7, 2, 4, 0, 1, 5, 6, 3]
    assert [(Key(2) / i).below(10) for i in range(8)] == [1, 6, 9, 6, 0, 0, 8, 0]
    assert [(Key(3) / i).choice([1, 2, 3]) for i in range(10)] == [2, 0, 2, 1, 2, 2, 2, 1, 2, 1]


@given(keys, labels)
def test_a_key_is_its_path_however_it_was_made(key, label):
    child = key / label
    assert child == Key(key.seed, (*key.path, label))
    assert child.bits() == (key / label).bits()


@given(st.lists(keys, min_size=2, max_size=2, unique_by=lambda key: (key.seed, tuple((type(p), p) for p in key.path))))
def test_different_keys_differ(pair):
    one, two = pair
    assert one.bits(256) != two.bits(256)


def test_a_number_and_its_writing_are_different_labels():
    assert (Key() / 1).bits() != (Key() / "1").bits()
    assert (Key() / "a" / "b").bits() != (Key() / "ab").bits()
    assert Key(1).bits() != (Key() / 1).bits()


def test_any_text_can_be_a_label():
    """Problem ids and prompts come from users' files: lone surrogates and null characters among them."""
    assert (Key() / "\ud800").bits() != (Key() / "\udfff").bits()
    assert (Key() / "a\x00sb").bits() != (Key() / "a" / "b").bits()


def test_what_is_drawn_does_not_depend_on_what_was_drawn_before():
    forward = [(Key(5) / i).uniform() for i in range(50)]
    backward = [(Key(5) / i).uniform() for i in reversed(range(50))]
    assert forward == backward[::-1]


def chi_square(counts: list[int], expected: list[float]) -> float:
    return sum((c - e) ** 2 / e for c, e in zip(counts, expected, strict=True))


def most(freedom: int) -> float:
    """What chi-square is below in all but one of ten thousand cases (Wilson and Hilferty)."""
    return freedom * (1 - 2 / (9 * freedom) + 3.72 * math.sqrt(2 / (9 * freedom))) ** 3


def test_uniform_is_uniform():
    counts = [0] * 50
    for i in range(20_000):
        counts[int((Key(11) / "u" / i).uniform() * 50)] += 1
    assert chi_square(counts, [400.0] * 50) < most(49)


def test_neighbours_are_independent():
    counts = [0] * 64
    for i in range(20_000):
        a, b = (Key(12) / i).uniform(), (Key(12) / (i + 1)).uniform()
        counts[int(a * 8) * 8 + int(b * 8)] += 1
    assert chi_square(counts, [20_000 / 64] * 64) < most(63)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_below_is_uniform(limit):
    counts = [0] * limit
    for i in range(5_000):
        counts[(Key(13) / i).below(limit)] += 1
    if limit > 1:
        assert chi_square(counts, [5_000 / limit] * limit) < most(limit - 1)


@given(keys, st.integers(1, 10**30))
def test_below_is_below(key, limit):
    assert 0 <= key.below(limit) < limit


@pytest.mark.parametrize("limit", [0, -1])
def test_nothing_is_below_nothing(limit):
    with pytest.raises(ValueError, match="limit must be at least 1"):
        Key().below(limit)


def test_choice_follows_the_weights():
    weights = [1.0, 0.0, 2.5, 0.5]
    counts = [0] * 4
    for i in range(8_000):
        counts[(Key(14) / i).choice(weights)] += 1
    assert counts[1] == 0
    expected = [w / 4 * 8_000 for w in weights]
    assert chi_square([counts[i] for i in (0, 2, 3)], [expected[i] for i in (0, 2, 3)]) < most(2)


@given(keys, st.lists(st.just(0.0) | st.floats(1e-300, 1e300), min_size=1, max_size=6).filter(any))
def test_what_has_no_weight_is_never_chosen(key, weights):
    assert weights[key.choice(weights)] > 0.0


@pytest.mark.parametrize("weights", [[], [0.0, 0.0], [float("nan")]])
def test_a_choice_needs_a_weight(weights):
    with pytest.raises(ValueError, match="weights"):
        Key().choice(weights)


@given(keys, st.integers(0, 30), st.integers(0, 30))
def test_a_longer_permutation_keeps_the_order_of_a_shorter_one(key, a, b):
    short, long = sorted((a, b))
    assert sorted(key.permutation(long)) == list(range(long))
    assert [i for i in key.permutation(long) if i < short] == key.permutation(short)


def test_every_permutation_comes_as_often():
    counts: dict[tuple[int, ...], int] = {}
    for i in range(6_000):
        order = tuple((Key(15) / i).permutation(3))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert chi_square(list(counts.values()), [1000.0] * 6) < most(5)
