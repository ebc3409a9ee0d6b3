"""The plots of one verifier, each at half the page's width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from passel.estimators.verifiers.calibration import ReliabilityBin
from passel.estimators.verifiers.resampling import ValueCurve
from passel.measure.comparison import VerifierRow
from passel.pages.canvas import HALF, canvas, label, name_ends, roomy, titles, width
from passel.pages.svg import MUTED, PAPER, drawing, series, to_svg
from passel.pages.text import clean, percent
from passel.report.findings import span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration_plot", "errors_plot", "roc_plot", "value_plot"]

MAX_TIPS = 80
"""Problems that get a bar of their own with a tooltip; more are drawn as one shape."""


def roc_plot(row: VerifierRow, colour: int, name: str) -> str:
    """True-positive rate against false-positive rate, with the threshold's point."""
    with drawing():
        figure, axes = canvas(HALF, right=1.6 * HALF.font)
        _square(axes)
        wrongs, rights = [point[0] for point in row.roc], [point[1] for point in row.roc]
        axes.plot(wrongs, rights, color=series(colour), linewidth=2)
        axes.fill_between(wrongs, rights, color=series(colour), alpha=0.1, linewidth=0)
        wrong, rejected = row.false_positive_rate.value, row.false_negative_rate.value
        tips: dict[str, str] = {}
        if wrong is not None and rejected is not None and row.threshold is not None:
            tips["tip-0"] = (
                f"threshold {row.threshold:.3g}: {percent(wrong)} of wrong answers accepted, "
                f"{percent(1 - rejected)} of right ones"
            )
            _mark(axes, wrong, 1 - rejected, colour, "tip-0", PAPER)
        titles(axes, "Right answers accepted", "wrong answers accepted", HALF)
        area = f"area {percent(row.auc.value)}, of one problem's samples {percent(row.auc_within.value)}"
        said = ". ".join([area, *tips.values()])
        return to_svg(figure, name, f"ROC curve of {clean(row.name)}", said, tips, HALF.css)


def calibration_plot(row: VerifierRow, colour: int, name: str) -> str:
    """Share right against mean score of samples of similar score, with intervals."""
    assert row.calibration is not None, "drawn only where there is one"
    with drawing():
        figure, axes = canvas(HALF, right=1.6 * HALF.font)
        _square(axes)
        bins = row.calibration.bins
        shares = [b.right.value or 0.0 for b in bins]
        axes.plot([b.score for b in bins], shares, color=series(colour), linewidth=1.2, alpha=0.5)
        tips: dict[str, str] = {}
        for i, (one, share) in enumerate(zip(bins, shares, strict=True)):
            tips[f"tip-{i}"] = _bin_tip(one)
            if one.right.low is not None and one.right.high is not None:
                axes.plot([one.score] * 2, [one.right.low, one.right.high], color=series(colour), linewidth=1.6)
            _mark(axes, one.score, share, colour, f"tip-{i}", series(colour))
        titles(axes, "Right", f"mean {clean(row.kind)}", HALF)
        return to_svg(
            figure, name, f"Share right by score of {clean(row.name)}", ". ".join(tips.values()), tips, HALF.css
        )


def value_plot(row: VerifierRow, name: str) -> str:
    """Value of at most K tries, one line for each cost of a wrong answer, with its best K."""
    assert row.resampling is not None, "drawn only where there is resampling"
    values = row.resampling.values
    names = [f"cost {one.cost:g}" for one in values]
    colours = [1 + i % 7 for i in range(len(values))]
    best, worst = max(one.best_value for one in values), min(min(one.value) for one in values)
    with drawing():
        figure, axes = canvas(HALF, right=max(width(label(one, HALF), HALF) for one in names) + 12)
        low, high = roomy(max(worst, -max(best, 0.25)), best)
        axes.set_ylim(low, min(high, best + 0.08))
        _from_zero(axes, row.depth)
        axes.axhline(0.0, color=MUTED, linewidth=1)
        tips: dict[str, str] = {}
        for i, one in enumerate(values):
            places = [_place(k) for k in range(len(one.value))]
            axes.plot(places, one.value, color=series(colours[i]), linewidth=2)
            tips[f"tip-{i}"] = _value_tip(one)
        for i, one in enumerate(values):
            _mark(axes, _place(one.best_k), one.best_value, colours[i], f"tip-{i}", series(colours[i]))
        _plain_axis(axes)
        ends = [(_place(len(one.value) - 1), max(one.value[-1], low)) for one in values]
        name_ends(
            axes, ends[::-1], names[::-1], colours[::-1], HALF
        )  # where they leave the canvas, the dearest is last
        titles(axes, "Value a problem", "limit of tries, K", HALF)
        said = ". ".join(tips.values())
        return to_svg(figure, name, f"Value of resampling with {clean(row.name)}", said, tips, HALF.css)


def errors_plot(row: VerifierRow, colour: int, name: str) -> str:
    """The false-positive rate of each problem that has wrong answers, sorted, and the rate over all problems."""
    found = sorted((p for p in row.problems if p.wrong), key=lambda p: (p.false_positive_rate or 0.0, p.wrong))
    rates = [p.false_positive_rate or 0.0 for p in found]
    with drawing():
        figure, axes = canvas(HALF, right=1.6 * HALF.font)
        axes.set_ylim(0.0, 1.03)
        axes.set_xlim(0, len(found))
        tips: dict[str, str] = {}
        if len(found) <= MAX_TIPS:
            for i, (one, rate) in enumerate(zip(found, rates, strict=True)):
                tips[f"tip-{i}"] = f"{clean(one.id)[:60]}: {one.accepted_wrong} of {one.wrong} wrong answers accepted"
                axes.bar(i + 0.5, max(rate, 0.006), 0.84, color=series(colour), linewidth=0, alpha=0.75)[0].set_gid(
                    f"tip-{i}"
                )
        else:
            axes.stairs(rates, range(len(rates) + 1), fill=True, color=series(colour), alpha=0.75, linewidth=0)
        if (mean := row.false_positive_rate.value) is not None:
            axes.axhline(mean, color=MUTED, linewidth=1.4, linestyle=(0, (4, 2)))
        axes.set_xticks([0, len(found)])
        titles(axes, "Wrong answers accepted", "problems with wrong answers, sorted", HALF)
        some = sum(rate > 0.5 for rate in rates)
        said = f"{percent(mean)} in all; more than half on {some} of {len(found)} problems"
        return to_svg(figure, name, f"False positives of {clean(row.name)} by problem", said, tips, HALF.css)


def _square(axes: Axes) -> None:
    """Both axes from 0 to 100 %, with the diagonal."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlim(-0.015, 1.02)
    axes.set_ylim(-0.015, 1.03)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(_percent))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.2, linestyle=(0, (2, 3)))


def _mark(axes: Axes, x: float, y: float, colour: int, gid: str, face: str) -> None:
    look: dict[str, Any] = {"markersize": 7, "markerfacecolor": face, "markeredgewidth": 1.8, "zorder": 4}
    axes.plot([x], [y], "o", color=series(colour), gid=gid, clip_on=False, **look)


def _place(k: int) -> float:
    """The place of K on a logarithmic scale that has room for 0."""
    return math.log2(k + 1)


def _from_zero(axes: Axes, depth: int) -> None:
    """Sets the axis to K from 0 to the number of samples, marked at 0 and the powers of two."""
    marked: Sequence[int] = sorted({0, *(2**e for e in range(31) if 2**e < depth / 1.4), depth})
    axes.set_xticks([_place(k) for k in marked], [str(k) for k in marked])
    axes.set_xlim(_place(0) - 0.03 * _place(depth), _place(depth) * 1.02)


def _plain_axis(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter

    axes.yaxis.set_major_formatter(FuncFormatter(_number))


def _number(value: float, _: int | None) -> str:
    return f"{value:.2g}".replace("-", "\u2212") if abs(value) > 1e-9 else "0"


def _percent(value: float, _: int | None) -> str:
    return percent(value)


def _bin_tip(one: ReliabilityBin) -> str:
    interval = span(one.right)
    around = f" (interval {interval} %)" if interval else ""
    return f"score {one.score:.2f}: {percent(one.right.value)} of {one.samples} right{around}"


def _value_tip(one: ValueCurve) -> str:
    ends = f", interval {one.low_k} to {one.high_k}" if one.low_k < one.high_k else ""
    return f"wrong answer costs {one.cost:g}: best K {one.best_k}{ends}, worth {one.best_value:.2f}"
