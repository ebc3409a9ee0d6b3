"""What a forecast and a sweep look like in a terminal."""

from passel.tuning.report.forecast import forecast_headline, forecast_lines, forecast_tables, forecast_text
from passel.tuning.report.sweep import sweep_lines

__all__ = ["forecast_headline", "forecast_lines", "forecast_tables", "forecast_text", "sweep_lines"]
