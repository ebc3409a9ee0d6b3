"""The plots: accuracy against cost, and curves over the number of samples. Matplotlib is imported when used.

Each is drawn twice, wide and narrow, at the size it is shown: text keeps its size on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from passel.measure.comparison import Comparison, Curve, MethodRow
from passel.pages.canvas import Size, canvas, k_axis, label, name_ends, pixels, roomy, titles, width
from passel.pages.labels import Box, place
from passel.pages.svg import MUTED, PAPER, drawing, series, to_svg
from passel.pages.text import clean, compact, count, percent
from passel.report.findings import frontier, mean, span
from passel.report.marks import Mark, curve_mark, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["cost_plot", "curves_plot", "drawable", "lines_plot"]


def drawable(comparison: Comparison) -> list[MethodRow]:
    """The methods with a known accuracy and cost."""
    return [r for r in comparison.methods if r.accuracy.value is not None and mean(r, "tokens") is not None]


def cost_plot(comparison: Comparison, size: Size) -> str:
    """Accuracy against tokens a problem, with intervals and the Pareto frontier."""
    rows, known = drawable(comparison), marks(comparison)
    costs = [mean(r, "tokens") or 0.0 for r in rows]
    log = min(costs) > 0 and max(costs) > 10 * min(costs)
    with drawing():
        figure, axes = canvas(size, right=0.07 * size.width)
        _cost_limits(axes, rows, costs, log, size)
        edge = frontier(rows)
        steps = [(mean(r, "tokens") or 0.0, r.accuracy.value or 0.0) for r in edge]
        if len(steps) > 1:
            axes.plot(*zip(*steps, strict=True), drawstyle="steps-post", color=MUTED, linewidth=1.4, zorder=1.5)
        tips: dict[str, str] = {}
        for i, (row, cost) in enumerate(zip(rows, costs, strict=True)):
            tips[f"tip-{i}"] = _cost_tip(row, cost, row in edge)
            _point(axes, row, cost, known[row.name], f"tip-{i}")
        _name_points(axes, rows, known, size)
        titles(axes, "Accuracy", "tokens a problem" + (", log scale" if log else ""), size)
        title = "Accuracy against tokens a problem"
        return to_svg(figure, f"cost-{size.css}", title, ". ".join(tips.values()), tips, size.css)


def curves_plot(comparison: Comparison, size: Size) -> str:
    """Accuracy against the number of samples k, one line with its interval for each curve."""
    return lines_plot(comparison.curves, marks(comparison), size, "curves")


def lines_plot(given: Sequence[Curve], known: dict[str, Mark], size: Size, name: str) -> str:
    """Accuracy against the number of samples, for any curves.

    Args:
        known: marks by method. name: of the plot, unique in the page.
    """
    curves, used = [c for c in given if c.k], list[Mark]()
    with drawing():
        figure, axes = canvas(size, right=max(width(label(c.name, size), size) for c in curves) + 12)
        _curve_limits(axes, curves)
        tips: dict[str, str] = {}
        for curve in curves:
            used.append(curve_mark(curve.name, known, used))
            tips |= _curve(axes, curve, used[-1], len(used) - 1)
        finals = [(c.k[-1], c.value[-1]) for c in curves]
        name_ends(axes, finals, [c.name for c in curves], [m.colour for m in used], size)
        titles(axes, "Accuracy", "samples a problem, k", size)
        ends = ". ".join(_curve_tip(c, len(c.k) - 1) for c in curves)
        return to_svg(figure, f"{name}-{size.css}", "Accuracy against number of samples", ends, tips, size.css)


def _compact(value: float, _: int | None) -> str:
    return compact(value)


def _in_full(value: float, _: int | None) -> str:
    return count(value)


def _cost_limits(axes: Axes, rows: Sequence[MethodRow], costs: Sequence[float], log: bool, size: Size) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    values = [v for r in rows for v in (r.accuracy.low, r.accuracy.value, r.accuracy.high) if v is not None]
    axes.set_ylim(*roomy(min(values), max(values)))
    low, high = min(costs), max(costs)
    if log:
        room = (high / low) ** 0.14
        axes.set_xscale("log")
        axes.set_xlim(low / room, high * room)
        axes.xaxis.set_major_locator(FixedLocator(_decades(low / room, high * room, size.ticks)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        room = max(0.14 * (high - low), 0.1 * high, 1e-9)
        axes.set_xlim(max(0.0, low - room), high + room)
        axes.xaxis.set_major_locator(MaxNLocator(size.ticks - 1, steps=[1, 2, 5, 10]))
    short = [compact(x) for x in axes.get_xticks()]
    axes.xaxis.set_major_formatter(FuncFormatter(_compact if len(set(short)) == len(short) else _in_full))


def _decades(low: float, high: float, max_ticks: int) -> list[float]:
    """Round numbers for a log axis: 1, 2, 5 a decade where there is room, else fewer."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [d * 10.0**e for e in range(first, last + 1) for d in digits if low <= d * 10.0**e <= high]
        if len(ticks) <= max_ticks:
            return ticks
    return ticks[:: math.ceil(len(ticks) / max_ticks)]


def _point(axes: Axes, row: MethodRow, cost: float, mark: Mark, gid: str) -> None:
    colour, value = series(mark.colour), row.accuracy.value or 0.0
    if row.accuracy.low is not None and row.accuracy.high is not None:
        ends = [row.accuracy.low, row.accuracy.high]
        axes.plot([cost, cost], ends, color=colour, linewidth=1.6, linestyle=(0, (3, 2)) if mark.hollow else "-")
    face = PAPER if mark.hollow else colour
    look: dict[str, Any] = {"markersize": 9, "markerfacecolor": face, "markeredgewidth": 1.8, "zorder": 4}
    axes.plot([cost], [value], mark.shape, color=colour, gid=gid, clip_on=False, **look)


def _cost_tip(row: MethodRow, cost: float, edge: bool) -> str:
    interval = span(row.accuracy)
    words = [f"{clean(row.name)}: {percent(row.accuracy.value)}" + (f" (interval {interval} %)" if interval else "")]
    words.append(f"{count(cost)} tokens a problem")
    if row.uses_gold:
        words.append("coverage, an upper bound")
    return ", ".join([*words, "on the Pareto frontier"] if edge else words)


def _name_points(axes: Axes, rows: Sequence[MethodRow], known: dict[str, Mark], size: Size) -> None:
    """Names beside their points where there is room; the legend below the plot names them all."""
    names = [label(r.name, size) for r in rows]
    ends = [(mean(r, "tokens") or 0.0, r.accuracy.value or 0.0) for r in rows]
    spots = [pixels(axes, *end) for end in ends]
    area = Box(3 * size.font, 3.9 * size.font, size.width, size.height - size.font)
    wanted = [(*spot, width(name, size)) for spot, name in zip(spots, names, strict=True)]
    for i, at in enumerate(place(wanted, area, _drawn(axes, rows), 1.25 * size.font)):
        if at is None:
            continue
        note = axes.annotate(names[i], ends[i], (at.dx, at.dy), textcoords="offset points")
        note.set(ha=at.align, va="center_baseline", fontsize=size.font, gid=f"label-{i}", parse_math=False, zorder=5)
        note.set_color(series(known[rows[i].name].colour))


def _drawn(axes: Axes, rows: Sequence[MethodRow]) -> list[Box]:
    """What a label must not cover: marks, intervals and the steps of the frontier."""
    out: list[Box] = []
    for row in rows:
        cost, value = mean(row, "tokens") or 0.0, row.accuracy.value or 0.0
        x, y = pixels(axes, cost, value)
        out.append(Box(x - 7, y - 7, x + 7, y + 7))
        if row.accuracy.low is not None and row.accuracy.high is not None:
            bottom, top = (pixels(axes, cost, v)[1] for v in (row.accuracy.low, row.accuracy.high))
            out.append(Box(x - 2, bottom, x + 2, top))
    edge = [pixels(axes, mean(r, "tokens") or 0.0, r.accuracy.value or 0.0) for r in frontier(rows)]
    for (left, bottom), (right, top) in pairwise(edge):
        out += [Box(left, bottom - 1, right, bottom + 1), Box(right - 1, bottom, right + 1, top)]
    return out


def _curve_limits(axes: Axes, curves: Sequence[Curve]) -> None:
    values = [v for c in curves for v in (*c.low, *c.value, *c.high) if math.isfinite(v)] or [0.0, 1.0]
    axes.set_ylim(*roomy(min(values), max(values)))
    k_axis(axes, min(c.k[0] for c in curves), max(c.k[-1] for c in curves))


def _curve(axes: Axes, curve: Curve, mark: Mark, number: int) -> dict[str, str]:
    """One line, its band, and a mark with its tooltip at each power of two and at both ends."""
    colour = series(mark.colour)
    axes.fill_between(curve.k, curve.low, curve.high, color=colour, alpha=0.14, linewidth=0)
    axes.plot(curve.k, curve.value, color=colour, linewidth=2, linestyle=(0, (4, 2)) if mark.hollow else "-")
    marked = [i for i, k in enumerate(curve.k) if k & (k - 1) == 0 or i in (0, len(curve.k) - 1)]
    face = PAPER if mark.hollow else colour
    for i in marked:
        look: dict[str, Any] = {"markersize": 6, "markerfacecolor": face, "markeredgewidth": 1.5, "zorder": 4}
        look |= {"color": colour, "gid": f"tip-{number}-{i}", "clip_on": False}
        axes.plot([curve.k[i]], [curve.value[i]], mark.shape, **look)
    return {f"tip-{number}-{i}": _curve_tip(curve, i) for i in marked}


def _curve_tip(curve: Curve, i: int) -> str:
    interval = f"{percent(curve.low[i]).removesuffix(' %')} to {percent(curve.high[i])}"
    return f"{clean(curve.name)} of {curve.k[i]}: {percent(curve.value[i])} (interval {interval})"
