"""The report of a comparison: one HTML page for a person, JSON and CSV for programs, a table for the terminal."""

from passel.report.export import has_comparison, read_comparison
from passel.report.findings import headline
from passel.report.table import as_text, footer, table
from passel.report.verifier_table import verifier_table
from passel.report.write import write_report

__all__ = ["as_text", "footer", "has_comparison", "headline", "read_comparison", "table", "verifier_table"]
__all__ += ["write_report"]
