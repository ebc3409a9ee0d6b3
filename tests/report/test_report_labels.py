"""Labels in a plot hide nothing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from passel.pages.labels import Box, place, spread

AREA = Box(0, 0, 300, 200)
spot = st.tuples(st.floats(0, 300), st.floats(0, 200), st.floats(5, 90))


def test_a_lone_point_is_named_at_its_upper_right() -> None:
    (at,) = place([(100, 100, 50)], AREA, [Box(93, 93, 107, 107)], 14)
    assert at is not None
    assert (at.dx > 0, at.dy > 0, at.align) == (True, True, "left")


def test_at_the_right_edge_the_name_goes_left() -> None:
    (at,) = place([(290, 100, 50)], AREA, [], 14)
    assert at is not None
    assert at.align == "right"


def test_no_room_no_label() -> None:
    assert place([(100, 100, 50)], AREA, [AREA], 14) == [None]


@given(st.lists(spot, max_size=8))
def test_labels_overlap_neither_marks_nor_each_other(points: list[tuple[float, float, float]]) -> None:
    marks = [Box(x - 7, y - 7, x + 7, y + 7) for x, y, _ in points]
    boxes: list[Box] = []
    for (x, y, width), at in zip(points, place(points, AREA, marks, 14), strict=True):
        if at is not None:
            left = x + at.dx - (width if at.align == "right" else 0)
            boxes.append(Box(left, y + at.dy - 7, left + width, y + at.dy + 7))
    for i, box in enumerate(boxes):
        assert box.inside(AREA)
        assert not any(box.overlap(other) > 1e-6 for other in (*marks, *boxes[:i]))


@given(st.lists(st.floats(0, 200), min_size=1, max_size=9))
def test_spread_keeps_order_gap_and_limits(wanted: list[float]) -> None:
    out = spread(wanted, 20, 0, 200)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    gaps = [out[b] - out[a] for a, b in pairwise(order)]
    assert all(gap >= 20 - 1e-6 for gap in gaps)
    assert all(-1e-6 <= y <= 200 for y in out)
