"""A sweep in sentences: for each option, its best value and whether that can be told from the base."""

from __future__ import annotations

from passel.measure.comparison import MethodRow
from passel.pages.text import percent, points
from passel.report.findings import span
from passel.tuning.sweep import Arm, Sweep

__all__ = ["sweep_lines"]


def sweep_lines(sweep: Sweep) -> list[str]:
    """A line for each option."""
    return [_line(option, *best) for option, best in sweep.best().items()]


def _line(option: str, arm: Arm, row: MethodRow) -> str:
    accuracy = percent(row.accuracy.value)
    if not arm.option:
        return f"{option}: no value was better than the base ({accuracy})."
    difference = row.difference
    if difference is None or difference.value is None:
        return f"{option}: best with {arm.value} ({accuracy})."
    clear = difference.low is not None and difference.low > 0
    gain = f"{points(difference.value)} points [{span(difference, True)}]"
    return f"{option}: best with {arm.value} ({accuracy}, {gain}{'' if clear else ', not significant'})."
