"""Outputs of programs: packed, unpacked and compared. No sandbox is needed."""

from __future__ import annotations

import json

import pytest

from passel.sandbox.programs.output_tests import nearly_equal, outputs_agree
from passel.sandbox.programs.packing import Digest, Opaque, pack, pack_or_digest, unpack


@pytest.mark.parametrize(
    "value",
    [
        None, True, 1, -1.5, "a\n\ud800", [], (), set(), {}, [1, (2, [3])], {1: (2,), "1": {3}}, {(1, 2): [None]},
        1j, b"\0", 10**5000, frozenset({1}), [float("inf")], {1, "a", (2,)}, [True, 1, 1.0, "x", None],
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_come_back_as_they_were(value):
    back = unpack(json.loads(json.dumps(pack(value))))
    assert back == value
    assert type(back) is type(value) or isinstance(value, frozenset)


def test_what_has_no_form_equals_nothing_and_nan_stays():
    assert unpack(pack(iter(()))) != unpack(pack(iter(())))
    assert isinstance(unpack(pack(object)), Opaque)
    assert str(unpack(pack(float("nan")))) == "nan"


def test_long_outputs_are_equal_where_they_are_equal():
    long = [[(i, float(i), i / 2) for i in range(2000)], {i: {i} for i in range(2000)}, "x" * 5000, list(range(9999))]
    same = [[(float(i), i, i / 2) for i in range(2000)], {float(i): {i} for i in range(2000)}, "x" * 5000]
    same.append([float(i) for i in range(9999)])
    for one, two in zip(long, same, strict=True):
        assert isinstance(unpack(pack_or_digest(one)), Digest)
        assert unpack(pack_or_digest(one)) == unpack(pack_or_digest(two))
        assert unpack(pack_or_digest(one)) != one
    assert len({unpack(pack_or_digest(one)) for one in long}) == 4
    assert unpack(pack_or_digest([(1,)] * 5000)) != unpack(pack_or_digest([[1]] * 5000))


@pytest.mark.parametrize(
    ("name", "arguments", "found", "expected", "tolerance", "right"),
    [
        ("f", (), 1, 1, 0, True),
        ("f", (), 1, 2, 0, False),
        ("f", (), (1, 2), [1, 2], 0, False),
        ("f", (), 0.1 + 0.2, 0.3, 0, True),
        ("f", (), [0.1 + 0.2], [0.3], 0, True),
        ("f", (), 0.301, 0.3, 0, False),
        ("f", (), [[0.1 + 0.2]], [[0.3]], 0, False),
        ("f", (), [[0.1 + 0.2]], [[0.3]], 1e-6, True),
        ("f", (), 1, 1.0000001, 1e-4, False),
        ("f", (), "a", "b", 1e-4, False),
        ("f", (), [1.0, 2.0], [1.0], 1e-4, False),
        ("find_zero", ([-6, 11, -6, 1],), 3.0000001, 1.0, 1e-4, True),
        ("find_zero", ([-6, 11, -6, 1],), 2.5, 1.0, 1e-4, False),
        ("similar_elements", (), [3, 2, 2], (2, 3), 0, True),
        ("check_str", (), True, Opaque("Match"), 0, True),
        ("check_str", (), Opaque("Match"), Opaque("Match"), 0, True),
        ("check_str", (), None, Opaque("Match"), 0, False),
        ("check_str", (), False, None, 0, True),
        ("are_equivalent", (1, 2), "anything", True, 0, True),
        ("sum_div", (7,), 0, 1, 0, True),
        ("digit_distance_nums", (1, 256), 12, 6, 0, True),
        ("surface_Area", (3, 4), 35, 33, 0, True),
        ("surface_Area", (3, 4), 34, 33, 0, False),
    ],
)
def test_outputs_agree_as_evalplus_says(name, arguments, found, expected, tolerance, right):
    assert outputs_agree(name, arguments, found, expected, tolerance) is right


def test_closeness_is_that_of_numpy():
    assert nearly_equal([1.0, (2, 3.00001)], [1.0, (2, 3.0)], 1e-4)
    assert not nearly_equal([1.0, 2], [1.0, [2]], 1e-4)
    assert not nearly_equal("a", "a", 1e-4)
    assert not nearly_equal(float("nan"), float("nan"), 1e-4)
    assert nearly_equal(1e12, 1e12 + 1e4, 0.0)
