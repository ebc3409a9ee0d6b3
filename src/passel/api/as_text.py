"""What was found, as a terminal shows it."""

from __future__ import annotations

from passel.measure.comparison import Comparison
from passel.report import as_text as comparison_text
from passel.tuning import Forecast
from passel.tuning.report.forecast import forecast_text
from passel.tuning.report.sweep import sweep_lines
from passel.tuning.sweep import Sweep

__all__ = ["as_text"]


def as_text(found: Comparison | Sweep | Forecast) -> str:
    """Returns the tables of a comparison, a sweep or a forecast as plain text of 100 columns.

    >>> from passel import compare
    >>> print(as_text(compare(model="toy", task="sums", methods="single", limit=2)).splitlines()[0].split()[0])
    method
    """
    if isinstance(found, Forecast):
        return forecast_text(found)
    if isinstance(found, Sweep):
        return "\n".join([comparison_text(found.comparison), *sweep_lines(found)])
    return comparison_text(found)
