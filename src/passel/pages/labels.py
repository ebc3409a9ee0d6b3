"""Where to put a label beside its point, so that it hides nothing; pure geometry, in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Box", "Place", "place", "spread"]


class Box(NamedTuple):
    """A rectangle, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return width * height if width > 0 and height > 0 else 0.0

    def inside(self, other: Box) -> bool:
        """Whether the other holds all of it."""
        wide = self.left >= other.left and self.right <= other.right
        return wide and self.bottom >= other.bottom and self.top <= other.top


class Place(NamedTuple):
    """A label's anchor as offset from its point, and its alignment."""

    dx: float
    dy: float
    align: str


def place(
    points: Sequence[tuple[float, float, float]], area: Box, taken: Iterable[Box], high: float
) -> list[Place | None]:
    """Greedily, the first free place of ten around each point; None where every place would hide something.

    Args:
        points: x, y and the label's width.
        area: where labels may be.
        taken: what they must not cover (points, error bars).
        high: a label's height.
    """
    used = list(taken)
    out: list[Place | None] = []
    for x, y, width in points:
        for candidate in _candidates(high):
            box = _box(x, y, width, high, candidate)
            if box.inside(area) and not any(box.overlap(other) for other in used):
                used.append(box)
                out.append(candidate)
                break
        else:
            out.append(None)
    return out


def _candidates(high: float) -> list[Place]:
    near, up = 9.0, 0.75 * high
    sides = [Place(near, 0, "left"), Place(-near, 0, "right")]
    corners = [Place(dx, dy, align) for dy in (up, -up) for dx, align in ((near, "left"), (-near, "right"))]
    far = [Place(dx, dy, align) for dy in (1.6 * up, -1.6 * up) for dx, align in ((near, "left"), (-near, "right"))]
    return [*corners[:2], *sides, *corners[2:], *far]


def _box(x: float, y: float, width: float, high: float, at: Place) -> Box:
    left = x + at.dx if at.align == "left" else x + at.dx - width
    return Box(left, y + at.dy - high / 2, left + width, y + at.dy + high / 2)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Heights near the wanted ones, at least `gap` apart and within the limits where there is room for all.

    >>> spread([10, 11, 50], 5, 0, 100)
    [10, 15, 50]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    out = [0.0] * len(wanted)
    floor = low
    for i in order:
        out[i] = max(wanted[i], floor)
        floor = out[i] + gap
    ceiling = high
    for i in reversed(order):
        out[i] = min(out[i], ceiling)
        ceiling = out[i] - gap
    return out
