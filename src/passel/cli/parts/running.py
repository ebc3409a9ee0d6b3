"""From a command's arguments to a finished run: plan, display, tables, exit code."""

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
    """Returns the run of a command's arguments. Usage errors name the flag that is wrong."""
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
    """Executes a run with a live display, shows its comparison, and returns the exit code."""
    trials = run_visibly(run, run.execute)
    if trials is None:
        return EXIT_INTERRUPTED
    return show_all(run, summarise(trials), as_json=as_json)


def run_visibly(run: Run, work: Callable[[RunProgress], Coroutine[Any, Any, T]]) -> T | None:
    """Does work on a run with a live display, and returns its value; None: it was interrupted, which is then reported.

    Args:
        run: its models are downloaded first.
        work: is given the progress that the display shows, and keeps it up to date.
    """
    errors = Console(stderr=True)
    for spec in run.models:
        with blame("--model" if spec == run.plan.model else "--role"):
            fetch(spec, errors)
    display = RunDisplay(errors)
    try:
        with display:
            return run_sync(work(display.progress))
    except KeyboardInterrupt:
        done, total = display.progress.done, display.progress.total
        click.echo(f"passel: interrupted after {done} of {total}. {_how_to_continue(run)}", err=True)
        return None


def show_all(run: Run, comparison: Comparison, *, as_json: bool) -> int:
    """Prints a comparison, writes the report if the run has a folder, and returns the exit code."""
    page = None
    if run.folder is not None:
        from passel.report import write_report

        page = write_report(comparison, run.folder)
    if as_json:
        click.echo(json.dumps(comparison.to_json()))
    else:
        show(comparison, page)
    if any(row.stopped for row in comparison.methods):
        kept = "; all replies are kept, and a larger budget continues it" if run.folder else ""
        click.echo(f"passel: the budget ended the run{kept}. {_how_to_continue(run)}", err=True)
        return EXIT_BUDGET
    return 0


def show(comparison: Comparison, page: Path | None) -> None:
    """Prints the tables of a comparison and their notes."""
    from passel.report import footer, headline, table, verifier_table

    console = output()
    title = f"{comparison.model} on {comparison.task}, {len(comparison.problems)} problems, seed {comparison.seed}"
    console.print(f"\n{title}\n", highlight=False, markup=False)
    console.print(table(comparison))
    if comparison.verifiers:
        console.print()
        console.print(verifier_table(comparison))
    for line in footer(comparison):
        console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\n{headline(comparison)}", style="bold", highlight=False, markup=False, soft_wrap=True)
    if page:
        console.print(f"Report: {page}", highlight=False, markup=False, soft_wrap=True)


def _how_to_continue(run: Run) -> str:
    if run.folder is None:
        return "Nothing was recorded; with --out DIR a run can be continued."
    if run.plan.budget == Budget():
        return f"To continue from the record: {run.plan.command(run.folder)}"
    return f"To continue from the record, without the budget: {run.plan.replace(budget=Budget()).command(run.folder)}"


def _task_spec(given: dict[str, Any]) -> str:
    spec = given["task"]
    for column in ("question", "answer"):
        if given[column] is not None:
            spec += f":{column}={given[column]}"
    return spec
