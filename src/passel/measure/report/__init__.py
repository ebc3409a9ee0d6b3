"""The report of a comparison: one HTML page for a person, JSON and CSV for programs, a table for the terminal."""

from passel.measure.report.export import read_comparison
from passel.measure.report.findings import headline
from passel.measure.report.forecast import forecast_headline, forecast_lines, forecast_tables, forecast_text
from passel.measure.report.sweep import sweep_lines
from passel.measure.report.table import as_text, footer, table
from passel.measure.report.verifier_table import verifier_table
from passel.measure.report.write import write_report

__all__ = ["as_text", "footer", "forecast_headline", "forecast_lines", "forecast_tables", "forecast_text"]
__all__ += ["headline", "read_comparison"]
__all__ += ["sweep_lines", "table", "verifier_table", "write_report"]
