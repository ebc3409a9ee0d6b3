"""One colour and one shape for each method, the same in every plot, table and grid of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from passel.measure.comparison import Comparison

__all__ = ["COLOURS", "SHAPES", "Mark", "curve_mark", "glyph", "marks"]

COLOURS = 8
"""How many series colours the style sheet has (`--s0` … `--s7`); the first is a neutral one, for the first method."""

SHAPES = {
    "o": '<circle cx="6" cy="6" r="4"/>',
    "s": '<path d="M2.5 2.5h7v7h-7z"/>',
    "^": '<path d="M6 1.5 10.5 10h-9z"/>',
    "D": '<path d="M6 1 11 6 6 11 1 6z"/>',
    "v": '<path d="M6 10.5 10.5 2h-9z"/>',
    "P": '<path d="M4.5 1.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z"/>',
    "X": '<path d="M3.5 1.5 6 4l2.5-2.5 2 2L8 6l2.5 2.5-2 2L6 8l-2.5 2.5-2-2L4 6 1.5 3.5z"/>',
    "p": '<path d="M6 1.2 10.7 4.7 8.9 10.3H3.1L1.3 4.7z"/>',
}
"""Matplotlib's marker codes, and the same shapes as SVG in a 12 × 12 box."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A series: which colour, which shape, and whether hollow (methods that know the gold answer)."""

    colour: int
    shape: str
    hollow: bool = False


def marks(comparison: Comparison) -> dict[str, Mark]:
    """By method name. Colour and shape both go round after eight, out of step, so that 64 pairs differ."""
    shapes = tuple(SHAPES)
    return {
        row.name: Mark(i % COLOURS, shapes[(i + i // COLOURS) % len(shapes)], row.uses_gold)
        for i, row in enumerate(comparison.methods)
    }


def curve_mark(name: str, known: dict[str, Mark], taken: Sequence[Mark] = ()) -> Mark:
    """The mark of the method with the curve's name; for coverage, of a method that knows the gold answer; else new."""
    if name in known:
        return known[name]
    for method, mark in known.items():
        if method.partition(":")[0] == name:
            return mark
    used = {m.colour for m in (*known.values(), *taken)}
    if name == "coverage":
        hollow = next((m for m in known.values() if m.hollow), None)
        if hollow is not None:
            return hollow
    free = next((i for i in range(COLOURS) if i not in used), len(taken) % COLOURS)
    return Mark(free, tuple(SHAPES)[free % len(SHAPES)], name == "coverage")


def glyph(mark: Mark) -> str:
    """The mark as a small inline picture; decoration, its name stands beside it."""
    return (
        f'<svg class="glyph{" hollow" if mark.hollow else ""}" style="--c:var(--s{mark.colour})" viewBox="0 0 12 12" '
        f'aria-hidden="true">{SHAPES[mark.shape]}</svg>'
    )
