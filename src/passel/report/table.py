"""The comparison in a terminal: a table that fits 80 columns, and the lines below it."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from passel.measure.comparison import Comparison, Estimate, MethodRow
from passel.pages.text import clean, compact, percent, plain, points
from passel.report.findings import mean, saved, span
from passel.report.verifier_table import verifier_table

__all__ = ["as_text", "footer", "table"]


def table(comparison: Comparison) -> Table:
    """One row for each method, in the given order; money only where the model has a price."""
    priced = comparison.price_known
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True, show_edge=False)
    out.add_column("method", overflow="fold", min_width=6)
    names = ["accuracy %", "vs first", "passes", "tokens", *(["$"] if priced else []), "tokens/right", "failed"]
    for name in names:
        header = "tokens\n/right" if name == "tokens/right" else name
        out.add_column(header, justify="right", no_wrap=True)
    for row in comparison.methods:
        out.add_row(*_cells(row, priced))
    return out


def footer(comparison: Comparison) -> list[str]:
    """The lines below the table: its units, the upper bounds, what sharing saved, and the notes of the run."""
    lines: list[str] = []
    if comparison.methods:
        lines.append("Accuracy and difference [interval]; costs are means a problem, without sharing.")
    if any(r.uses_gold for r in comparison.methods):
        lines.append("* knows the gold answer: coverage, an upper bound.")
    if comparison.verifiers:
        lines.append(
            "Verifiers: AUC within problems; best, vote and coverage of all samples; the ceiling of resampling until "
            "an answer is accepted; the best limit of tries K where a wrong answer costs as much as a right one gains."
        )
    if sentence := saved(comparison):
        lines.append(plain(sentence))
    return [*lines, *(f"Note: {plain(note)}" for note in comparison.notes)]


def as_text(comparison: Comparison, width: int = 100) -> str:
    """The table and its footer as plain text."""
    console = Console(width=width, record=True, file=io.StringIO(), highlight=False)
    console.print(table(comparison))
    if comparison.verifiers:
        console.print("")
        console.print(verifier_table(comparison))
    return "\n".join([console.export_text().rstrip(), *footer(comparison)])


def _cells(row: MethodRow, priced: bool) -> list[Text]:
    money = [_money(mean(row, "dollars"))] if priced else []
    texts = [
        _bounded(percent(row.accuracy.value).removesuffix(" %"), row.accuracy),
        _bounded(points(row.difference.value), row.difference, signed=True) if row.difference else "",
        compact(mean(row, "passes")),
        compact(mean(row, "tokens")),
        *money,
        compact(row.cost_of_pass.get("tokens")),
        str(row.failures),
    ]
    name = clean(row.name).replace("\n", " ") + ("*" if row.uses_gold else "")
    return [Text(name, style="bold"), *(Text(t) for t in texts)]


def _bounded(value: str, estimate: Estimate, signed: bool = False) -> str:
    interval = span(estimate, signed, joiner=",")
    return f"{value} [{interval}]" if interval else value


def _money(value: float | None) -> str:
    """Dollars in few characters: 1.25, 0.013, 3.2e-4."""
    if value is None:
        return "n/a"
    if value == 0 or value >= 0.001:
        return f"{value:.2g}" if value < 10 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"
