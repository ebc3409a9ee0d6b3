"""Results as text, as a terminal shows them."""

from __future__ import annotations

from passel.measure.comparison import Comparison
from passel.report import as_text as comparison_text
from passel.tuning import Forecast
from passel.tuning.report.forecast import forecast_text
from passel.tuning.report.sweep import sweep_lines
from passel.tuning.sweep import Sweep

__all__ = ["as_text"]


def as_text(result: Comparison | Sweep | Forecast) -> str:
    """Returns the tables of a comparison, a sweep or a forecast as plain text of 100 columns.

    >>> from passel import compare
    >>> "accuracy" in as_text(compare(model="toy", task="sums", methods="single", limit=2))
    True
    """
    if isinstance(result, Forecast):
        return forecast_text(result)
    if isinstance(result, Sweep):
        return "\n".join([comparison_text(result.comparison), *sweep_lines(result)])
    return comparison_text(result)
