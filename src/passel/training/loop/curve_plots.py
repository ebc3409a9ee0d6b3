"""One learning curve as a plot. Matplotlib is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from matplotlib.ticker import FuncFormatter, MaxNLocator

from passel.pages.canvas import HALF, canvas, titles
from passel.pages.svg import drawing, series, to_svg
from passel.training.loop.learning_curve import LearningCurve

__all__ = ["curve_plot"]

_SMOOTH = 50
"""The steps divided by this number are the reach of a neighbourhood."""


def curve_plot(curve: LearningCurve, name: str) -> str:
    """A figure of the page; `name` must be unique there."""
    title = f"{curve.name.replace('_', ' ')}{', held out' if curve.held_out else ''}"
    with drawing():
        figure, axes = canvas(HALF, right=16)
        if curve.held_out:
            axes.plot(curve.steps, curve.values, "o-", color=series(2), linewidth=1.8, markersize=6)
        else:
            axes.plot(curve.steps, curve.values, color=series(1), linewidth=0.7, alpha=0.4)
            axes.plot(curve.steps, smooth(curve.values, max(1, len(curve.values) // _SMOOTH)), color=series(1), lw=2)
        axes.yaxis.set_major_formatter(FuncFormatter(_number))
        axes.xaxis.set_major_locator(MaxNLocator(HALF.ticks, integer=True))
        titles(axes, title, "step", HALF)
        said = f"{title}: {curve.values[0]:.4g} at step {curve.steps[0]}, {curve.values[-1]:.4g} at {curve.steps[-1]}"
        drawn = to_svg(figure, name, title, said, {}, HALF.css)
    return f'<figure class="plot">{drawn}</figure>'


def smooth(values: Sequence[float], reach: int) -> list[float]:
    """The median of each value and of up to `reach` neighbours on either side."""
    return [median(values[max(0, at - reach) : at + reach + 1]) for at in range(len(values))]


def _number(value: float, _: int | None) -> str:
    return f"{value:g}"
