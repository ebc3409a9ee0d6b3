"""`passel forecast`: what methods would come to, before a model is asked anything."""

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
_RIGHT = f"Chance that a step is right.  [default: {_ASSUMED.chance}]"


@click.command()
@click.option("--methods", default=",".join(METHODS), show_default=True, help="Specs; a size that is set stays.")
@click.option("--chance", type=click.FloatRange(0, 1), help=_RIGHT)
@click.option("--steps", type=click.IntRange(1, 64), help=f"Of a solution.  [default: {_ASSUMED.steps}]")
@click.option(
    "--branches", type=click.IntRange(1, 26), help=f"Next steps to choose from.  [default: {_ASSUMED.branches}]"
)
@click.option("--tokens", type=click.IntRange(1), help=f"That a step takes.  [default: {_ASSUMED.tokens}]")
@click.option("--rho", type=click.FloatRange(0, 1), help=f"Verifier and truth, 0 is noise.  [default: {_ASSUMED.rho}]")
@click.option("--scale", type=click.FloatRange(0), help=f"How sure the verifier is.  [default: {_ASSUMED.scale}]")
@click.option("--bias", type=float, help=f"In favour of a wrong first step.  [default: {_ASSUMED.bias}]")
@click.option("--trap", type=click.IntRange(0), help=f"Steps for which it holds.  [default: {_ASSUMED.trap}]")
@click.option("--pilot", help="Folder of a run that tells chance, tokens and rho, where they are not given.")
@click.option("--budgets", help="Generated tokens a problem, such as 100,1000.  [default: of 1 to 32 solutions]")
@click.option(
    "--target",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Accuracy whose price is asked.",
)
@click.option("--problems", type=click.IntRange(1), default=50, show_default=True, help="Trees.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the trees, the draws and the verifier's errors."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def forecast(methods: str, pilot: str | None, budgets: str | None, as_json: bool, **given: Any) -> int:
    """Simulate methods under assumptions: which one pays, and at how many tokens?

    Steps are drawn and judged on planted trees, with the chances that are given; no model is asked. A method is run in
    several sizes, so that it says what each budget buys, and from how many tokens on it is right on half of the trees.
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
    with display if errors.is_terminal else nullcontext():  # dozens of sizes make no line that a log is the better for
        found = run_sync(simulated(basis, specs, budgets=limits, notes=notes, watch=display.watch, **given))
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
