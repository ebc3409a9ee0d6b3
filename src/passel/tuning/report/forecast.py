"""A forecast in a terminal: the accuracy within each budget, and the tokens that reach the target."""

from __future__ import annotations

import io
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from passel.estimators.estimate import Estimate
from passel.pages.text import clean, compact, count, percent
from passel.report.findings import span
from passel.tuning.forecast import Forecast, MethodForecast, Rung

__all__ = ["forecast_headline", "forecast_lines", "forecast_tables", "forecast_text"]


def forecast_tables(found: Forecast) -> list[Table]:
    """A table of accuracies by budget, and a table of the tokens that reach the target."""
    bought = _table([f"{compact(budget)}\ntokens" for budget in found.budgets])
    for one in found.methods:
        bought.add_row(_name(one), *(_cell(one.within(budget)) for budget in found.budgets))
    priced = _table([f"tokens to reach {percent(found.target)}", "with", "accuracy %", "tokens", "passes"])
    for one in found.methods:
        first = next((rung for rung in one.rungs if (rung.accuracy.value or 0.0) >= found.target), None)
        size = [] if first is None else [_size(one, first), _bounded(first.accuracy)]
        means = [] if first is None else [count(round(first.tokens)), count(round(first.passes))]
        priced.add_row(_name(one), _reach(one.reach), *map(Text, size + means))
    return [bought, priced]


def forecast_lines(found: Forecast) -> list[str]:
    """The assumptions, and the lines below the tables."""
    assumed = ", ".join(f"{name} {value:.4g}" for name, value in asdict(found.assumptions).items())
    lines = [f"{found.problems} planted trees, seed {found.seed}: {assumed}", *found.notes]
    return [
        *map(clean, lines),
        "Accuracy % [interval] of the largest size whose mean generated tokens a problem are within the budget.",
        "A simulation, only as good as its assumptions; real steps do not all have the same chance to be right.",
    ]


def forecast_headline(found: Forecast) -> str:
    """The method that reaches the target with the fewest tokens."""
    best = found.cheapest()
    if best is None:
        return f"No method reaches {percent(found.target)} accuracy at any of its sizes."
    tokens = count(best.reach.value)
    return f"{clean(best.method)} reaches {percent(found.target)} accuracy with the fewest tokens: {tokens}."


def forecast_text(found: Forecast, width: int = 100) -> str:
    """All of it as plain text."""
    console = Console(width=width, record=True, file=io.StringIO(), highlight=False)
    for table in forecast_tables(found):
        console.print(table)
        console.print("")
    return "\n".join([console.export_text().rstrip(), "", *forecast_lines(found), forecast_headline(found)])


def _table(columns: list[str]) -> Table:
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True, show_edge=False)
    out.add_column("method", overflow="fold", min_width=6)
    for name in columns:
        out.add_column(name, justify="right", overflow="fold")
    return out


def _name(one: MethodForecast) -> Text:
    return Text(clean(one.method), style="bold")


def _size(one: MethodForecast, rung: Rung) -> str:
    """The options by which the rung differs from the method as it was named, but for the verifier."""
    options = rung.spec.removeprefix(one.method).strip(":").split(":")
    return clean(" ".join(option for option in options if not option.startswith("verifier")))


def _cell(rung: Rung | None) -> Text:
    return Text("" if rung is None else _bounded(rung.accuracy))


def _bounded(accuracy: Estimate) -> str:
    value = percent(accuracy.value).removesuffix(" %")
    return f"{value} [{span(accuracy, joiner=',')}]"


def _reach(tokens: Estimate) -> Text:
    if tokens.value is None:
        return Text("never")
    low, high = ("never" if end is None else count(round(end)) for end in (tokens.low, tokens.high))
    return Text(f"{count(round(tokens.value))} [{low}, {high}]")
