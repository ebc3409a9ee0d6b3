"""The verifiers in a terminal: a table that fits 80 columns."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from passel.measure.comparison import Comparison, Estimate, VerifierRow
from passel.pages.text import clean, percent
from passel.report.findings import span
from passel.report.verifier_findings import last, tries

__all__ = ["verifier_table"]


def verifier_table(comparison: Comparison) -> Table:
    """One row for each verifier, in percent; AUC is within problems, best is best of n, K is for cost 1."""
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True, show_edge=False)
    out.add_column("verifier", overflow="fold", min_width=12)
    errors, chosen = ("false\n+ %", "false\n- %", "not\nscored"), ("best\n%", "vote\n%", "cover\n%")
    for head in ("AUC\n%", *errors, *chosen, "ceil\n%", "best\nK"):
        out.add_column(head, justify="right", no_wrap=True)
    for row in comparison.verifiers:
        out.add_row(Text(clean(row.name).replace("\n", " "), style="bold"), *(Text(one) for one in _cells(row)))
    return out


def _cells(row: VerifierRow) -> list[str]:
    found = row.resampling
    one = next((v for v in found.values if v.cost == 1.0), None) if found else None
    interval = span(row.auc_within, joiner=",")
    return [
        _bare(row.auc_within.value) + (f" [{interval}]" if interval else ""),
        _bare(row.false_positive_rate.value),
        _bare(row.false_negative_rate.value),
        str(row.unscored),
        *(_bare(last(row, name)) for name in ("best_of", "vote", "coverage")),
        _bare((found.ceiling if found else Estimate(None)).value),
        tries(one, row.depth) if one else "n/a",
    ]


def _bare(value: float | None) -> str:
    return percent(value).removesuffix(" %")
