"""`passel forecast`: simulate methods, before a model is asked anything."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext
from dataclasses import fields
from typing import Any

import click
from rich.console import Console

from passel.cli.parts.display import RunDisplay
from passel.cli.parts.flags import blame
from passel.cli.parts.output import output
from passel.core.driver import run_sync
from passel.core.errors import UsageError
from passel.core.options import split_specs
from passel.tuning import METHODS, Assumptions, Forecast, from_pilot, ladder
from passel.tuning import forecast as simulated

__all__ = ["forecast"]

_ASSUMED = Assumptions()
_RIGHT = f"Probability that a step is right.  [default: {_ASSUMED.chance}]"


@click.command()
@click.option(
    "--methods",
    default=",".join(METHODS),
    show_default=True,
    help="Method specs; each is run in several sizes, unless its spec sets the size.",
)
@click.option("--chance", type=click.FloatRange(0, 1), help=_RIGHT)
@click.option("--steps", type=click.IntRange(1, 64), help=f"Steps of a solution.  [default: {_ASSUMED.steps}]")
@click.option("--branches", type=click.IntRange(1, 26), help=f"Possible next steps.  [default: {_ASSUMED.branches}]")
@click.option("--tokens", type=click.IntRange(1), help=f"Tokens of a step.  [default: {_ASSUMED.tokens}]")
@click.option(
    "--rho", type=click.FloatRange(0, 1), help=f"Correlation of verifier and truth.  [default: {_ASSUMED.rho}]"
)
@click.option(
    "--scale", type=click.FloatRange(0), help=f"Spread of the verifier's scores.  [default: {_ASSUMED.scale}]"
)
@click.option("--bias", type=float, help=f"Verifier's bias to a wrong first step.  [default: {_ASSUMED.bias}]")
@click.option("--trap", type=click.IntRange(0), help=f"Steps for which the bias holds.  [default: {_ASSUMED.trap}]")
@click.option("--pilot", help="Folder of a run to estimate chance, tokens and rho from, where they are not given.")
@click.option("--budgets", help="Generated tokens for each problem: 100,1000.  [default: those of 1 to 32 solutions]")
@click.option(
    "--target",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Accuracy to find the price of.",
)
@click.option("--problems", type=click.IntRange(1), default=50, show_default=True, help="Number of trees.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of the trees, the samples and the verifier's errors."
)
@click.option("--json", "as_json", is_flag=True, help="Print the forecast as JSON.")
def forecast(methods: str, pilot: str | None, budgets: str | None, as_json: bool, **given: Any) -> int:
    """Simulate methods under assumptions: which one pays, and at how many tokens?

    Steps are sampled and judged on planted trees, with the given probabilities; no model is asked. Each method is run
    in several sizes: the tables show its accuracy at each budget, and how many tokens it needs for the target accuracy.
    """
    specs = split_specs(methods)
    if not specs:
        raise UsageError("no method given").about("--methods")
    with blame("--methods"):
        for spec in specs:
            ladder(spec)
    limits = _budgets(budgets)
    assumed = {field.name: given.pop(field.name) for field in fields(Assumptions)}
    known = {name: value for name, value in assumed.items() if value is not None}
    with blame("--pilot" if pilot is not None else "--steps"):
        basis, notes = run_sync(from_pilot(pilot, known))
    errors = Console(stderr=True)
    display = RunDisplay(errors)
    with display if errors.is_terminal else nullcontext():  # a log has no use for a line about dozens of sizes
        found = run_sync(simulated(basis, specs, budgets=limits, notes=notes, watch=display.progress, **given))
    if as_json:
        click.echo(json.dumps(found.to_json()))
    else:
        _show(found)
    return 0


def _budgets(given: str | None) -> list[float]:
    try:
        found = [float(part) for part in (given or "").split(",") if part.strip()]
    except ValueError:
        found = [0.0]
    if any(not 0.0 < budget < math.inf for budget in found):
        raise UsageError(f"expected numbers such as 100,1000, got {given!r}").about("--budgets")
    return found


def _show(found: Forecast) -> None:
    from passel.tuning.report import forecast_headline, forecast_lines, forecast_tables

    console = output()
    console.print()
    for table in forecast_tables(found):
        console.print(table)
        console.print()
    for line in forecast_lines(found):
        console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\n{forecast_headline(found)}", style="bold", highlight=False, markup=False, soft_wrap=True)
