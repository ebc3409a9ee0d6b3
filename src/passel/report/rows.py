"""The table of methods in HTML, with each accuracy also drawn as an interval on a scale."""

from __future__ import annotations

from passel.measure.comparison import Comparison, Estimate, MethodRow
from passel.pages.text import count, dollars, escape, name, percent, points
from passel.report.findings import frontier, mean, span
from passel.report.marks import Mark, glyph, marks

__all__ = ["methods"]


def methods(comparison: Comparison) -> str:
    """One row for each method; money only where the model has a price."""
    edge, known = frontier(comparison.methods), marks(comparison)
    first = comparison.methods[0].name
    tokens = "Tokens, $" if comparison.price_known else "Tokens"
    heads = ["Accuracy", "0 to 100 %", f"Difference to {first}", "Passes", tokens, f"{tokens} a right answer"]
    cells = "".join(_head(h) for h in [*heads, "Seconds", "Failed replies"])
    body = "".join(_row(r, known[r.name], r in edge, comparison.price_known) for r in comparison.methods)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table of methods"><table class="methods">'
        f'<thead><tr><th scope="col">Method</th>{cells}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _head(text: str) -> str:
    css = "forest" if text.startswith("0 to") else "num"
    return f'<th scope="col" class="{css}">{escape(text)}</th>'


def _row(row: MethodRow, mark: Mark, edge: bool, priced: bool) -> str:
    tags = '<span class="tag">frontier</span>' if edge else ""
    tags += '<span class="tag hollow">upper bound</span>' if row.uses_gold else ""
    scored = f'<span class="span">{row.scored} of {row.problems} scored</span>' if row.scored < row.problems else ""
    spent = _spent(mean(row, "tokens"), mean(row, "dollars"), priced)
    right = _spent(row.cost_of_pass.get("tokens"), row.cost_of_pass.get("dollars"), priced)
    costs = [count(mean(row, "passes")), spent, right, count(mean(row, "seconds")), str(row.failures)]
    numbers = "".join(f'<td class="num">{c}</td>' for c in (_difference(row.difference), *costs))
    return (
        f'<tr><th scope="row"><span class="name">{glyph(mark)}<span>{name(row.name)}</span></span>{tags}</th>'
        f'<td class="num">{_accuracy(row.accuracy)}{scored}</td><td class="forest">{_forest(row.accuracy, mark)}</td>'
        f"{numbers}</tr>"
    )


def _spent(tokens: float | None, money: float | None, priced: bool) -> str:
    return count(tokens) + (f'<span class="span">{dollars(money)}</span>' if priced else "")


def _accuracy(estimate: Estimate) -> str:
    interval = span(estimate, joiner=", ")
    return f"<b>{percent(estimate.value)}</b>" + (f'<span class="span">[{interval}]</span>' if interval else "")


def _difference(estimate: Estimate | None) -> str:
    if estimate is None:
        return '<span class="span">reference</span>'
    interval = span(estimate, signed=True, joiner=", ")
    value, interval = (text.replace("-", "\u2212") for text in (points(estimate.value), interval))
    return value + (f'<span class="span">[{interval}]</span>' if interval else "")


def _forest(estimate: Estimate, mark: Mark) -> str:
    """A line from low to high and a mark at the value, on a scale from 0 to 1; the figures stand beside it."""
    if estimate.value is None:
        return ""
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    left, right, at = (4 + 112 * min(max(v, 0.0), 1.0) for v in (low, high, estimate.value))
    dash = ' stroke-dasharray="3 2"' if mark.hollow else ""
    return (
        f'<svg class="range{" hollow" if mark.hollow else ""}" style="--c:var(--s{mark.colour})" viewBox="0 0 120 16" '
        'aria-hidden="true"><path class="rule" d="M4 2v12M60 2v12M116 2v12"/>'
        f'<path class="line" d="M{left:.1f} 8H{right:.1f}"{dash}/><circle cx="{at:.1f}" cy="8" r="3.5"/></svg>'
    )
