"""From a command's arguments to a finished run: the plan, the display, the tables, the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from passel.cli.parts.display import RunDisplay
from passel.cli.parts.downloads import fetch
from passel.cli.parts.flags import as_flags, blame, budget_of, roles_of, sampling_of, with_length
from passel.cli.parts.output import output
from passel.core.cost import Budget
from passel.core.driver import run_sync
from passel.core.options import split_specs
from passel.measure.comparison import Comparison
from passel.measure.summary import summarise
from passel.runs.pilot import check_pilot
from passel.runs.plan import Plan
from passel.runs.run import Run
from passel.runs.run_progress import RunProgress

__all__ = ["EXIT_INTERRUPTED", "make_run", "run_and_show", "run_visibly", "show", "show_all"]

EXIT_BUDGET, EXIT_INTERRUPTED = 3, 130
T = TypeVar("T")


def make_run(methods: str, flag: str, given: dict[str, Any]) -> Run:
    """The run that a command's arguments describe; every error names the flag that is to blame."""
    out, task = given["out"], _task_spec(given)
    sampling = sampling_of(given)
    with as_flags(methods=flag):
        plan = Plan(
            model=with_length(given),
            task=task,
            methods=tuple(split_specs(methods)),
            n=given["n"],
            limit=given["limit"],
            seed=given["seed"],
            sampling=sampling,
            roles=roles_of(given["roles"]),
            budget=budget_of("--budget", given["budget"]),
            problem_budget=budget_of("--problem-budget", given["problem_budget"]),
            instruction=given["instruction"],
            system=given["system"],
            concurrency=given["concurrency"],
            pilot=given["pilot"],
        )
    with blame(flag):
        for method in plan.load_methods():
            check_pilot(method.name, method.needs.get("tool", ()), plan.pilot)
    if plan.pilot is not None:
        with blame("--pilot"):
            Plan.open(Path(plan.pilot))
    with blame("--task"):
        return Run(plan, out)


def run_and_show(run: Run, *, as_json: bool) -> int:
    """Runs with a live display, prints the table (or JSON), writes the report, and returns the exit code."""
    trials = run_visibly(run, run.execute)
    if trials is None:
        return EXIT_INTERRUPTED
    return show_all(run, summarise(trials), as_json=as_json)


def run_visibly(run: Run, work: Callable[[RunProgress], Coroutine[Any, Any, T]]) -> T | None:
    """Works with a live display; None if it was interrupted, which is then said.

    Args:
        run: whose models are fetched first, and whose record it goes on from. work: is given what the display shows.
    """
    errors = Console(stderr=True)
    for spec in run.models:
        with blame("--model" if spec == run.plan.model else "--role"):
            fetch(spec, errors)
    display = RunDisplay(errors)
    try:
        with display:
            return run_sync(work(display.watch))
    except KeyboardInterrupt:
        done, total = display.watch.done, display.watch.total
        click.echo(f"passel: interrupted after {done} of {total}. {_how_to_go_on(run)}", err=True)
        return None


def show_all(run: Run, found: Comparison, *, as_json: bool) -> int:
    """Prints what was found, writes the report where the run has a folder, and returns the exit code."""
    page = None
    if run.folder is not None:
        from passel.report import write_report

        page = write_report(found, run.folder)
    if as_json:
        click.echo(json.dumps(found.to_json()))
    else:
        show(found, page)
    if any(row.stopped for row in found.methods):
        kept = "; what was paid for is kept. With a larger budget it goes on" if run.folder else ""
        click.echo(f"passel: the budget ended the run{kept}. {_how_to_go_on(run)}", err=True)
        return EXIT_BUDGET
    return 0


def show(found: Comparison, page: Path | None) -> None:
    """The table and what belongs to it, on standard output."""
    from passel.report import footer, headline, table, verifier_table

    console = output()
    title = f"{found.model} on {found.task}, {len(found.problems)} problems, seed {found.seed}"
    console.print(f"\n{title}\n", highlight=False, markup=False)
    console.print(table(found))
    if found.verifiers:
        console.print()
        console.print(verifier_table(found))
    for line in footer(found):
        console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\n{headline(found)}", style="bold", highlight=False, markup=False, soft_wrap=True)
    if page:
        console.print(f"Report: {page}", highlight=False, markup=False, soft_wrap=True)


def _how_to_go_on(run: Run) -> str:
    if run.folder is None:
        return "Nothing was recorded; give --out DIR to be able to go on."
    if run.plan.budget == Budget():
        return f"To go on from the record: {run.plan.command(run.folder)}"
    return f"To go on from the record, without the budget: {run.plan.replace(budget=Budget()).command(run.folder)}"


def _task_spec(given: dict[str, Any]) -> str:
    spec = given["task"]
    for column in ("question", "answer"):
        if given[column] is not None:
            spec += f":{column}={given[column]}"
    return spec
