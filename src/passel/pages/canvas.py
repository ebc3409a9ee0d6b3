"""The canvas that all plots share: sizes, axes, titles, and what a label takes. Matplotlib is imported when used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from passel.pages.labels import spread
from passel.pages.svg import GRID, MUTED, series
from passel.pages.text import clean, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "HALF",
    "NARROW",
    "WIDE",
    "Size",
    "canvas",
    "k_axis",
    "label",
    "name_ends",
    "pixels",
    "roomy",
    "titles",
    "width",
]


@dataclass(frozen=True, slots=True)
class Size:
    """A canvas in CSS pixels: its class, extent, text size, and how many ticks the x axis has room for."""

    css: str
    width: float
    height: float
    font: float
    ticks: int


WIDE = Size("wide", 760, 400, 13, 9)
NARROW = Size("narrow", 340, 330, 11.5, 5)
HALF = Size("half", 400, 330, 12.5, 5)
"""One of two side by side; alone in its row on a phone."""


def canvas(size: Size, right: float) -> tuple[Figure, Axes]:
    """A figure and its axes, with a grid of percent from left to right and room for labels on the right."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure = Figure(figsize=(size.width / 72, size.height / 72), dpi=72)
    left, bottom, top = 4.1 * size.font, 3.9 * size.font, 2.4 * size.font
    box = (left / size.width, bottom / size.height, 1 - (left + right) / size.width, 1 - (bottom + top) / size.height)
    axes = figure.add_axes(box)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(labelsize=size.font, length=0, pad=6)
    axes.tick_params(axis="x", length=4, color=MUTED)
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    return figure, axes


def titles(axes: Axes, y: str, x: str, size: Size) -> None:
    """What the axes show: below the one, above the other."""
    axes.set_xlabel(x, fontsize=size.font, labelpad=5)
    above = axes.annotate(y, (0, 1), (-3.4 * size.font, 1.1 * size.font), "axes fraction", "offset points")
    above.set(color=MUTED, fontsize=size.font)


def roomy(low: float, high: float) -> tuple[float, float]:
    """Limits of the accuracy axis: the data with some air, at least a fifth of the scale, a little past its ends."""
    air = max(0.05 * (high - low), (0.2 - (high - low)) / 2, 0.01)
    return max(low - air, min(low, 0) - 0.015), min(high + air, max(high, 1) + 0.03)


def label(name: str, size: Size) -> str:
    """A name as it stands in the plot: in one line, cut to a third of the width; the legend has it in full."""
    text, room = clean(name).replace("\n", " "), int(size.width / 3 / width("x", size))
    return text if len(text) <= room else text[: room - 1] + "…"


def width(text: str, size: Size) -> float:
    """About how many pixels a text takes."""
    return 0.7 * size.font * len(text)


def pixels(axes: Axes, x: float, y: float) -> tuple[float, float]:
    """Where a point of the data lies on the canvas."""
    at: Any = axes.transData.transform((x, y))
    return float(at[0]), float(at[1])


def k_axis(axes: Axes, first: int, last: int) -> None:
    """Numbers of samples from left to right, on a logarithmic scale where they span three doublings."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    if first > 0 and last >= 8 * first:
        axes.set_xscale("log", base=2)
        axes.set_xlim(first * 0.93, last * 1.04)
        axes.xaxis.set_major_locator(FixedLocator([2.0**e for e in range(31) if first <= 2**e <= last]))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(first - 0.15, last + 0.15)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(_whole))


def name_ends(
    axes: Axes, ends: Sequence[tuple[float, float]], names: Sequence[str], colours: Sequence[int], size: Size
) -> None:
    """Names of lines beside their ends, apart from each other, in their colours; ends below the canvas at its edge."""
    low, high = 3.9 * size.font, size.height - 2.4 * size.font
    at = [pixels(axes, *end)[1] for end in ends]
    for i, y in enumerate(spread([max(one, low) for one in at], 1.25 * size.font, low, high)):
        note = axes.annotate(label(names[i], size), ends[i], (10, y - at[i]), textcoords="offset points")
        note.set(va="center_baseline", fontsize=size.font, gid=f"label-{i}", parse_math=False, annotation_clip=False)
        note.set_color(series(colours[i]))


def _percent(value: float, _: int | None) -> str:
    return percent(value)


def _whole(value: float, _: int | None) -> str:
    return f"{value:g}"
