"""`passel report`: recompute the tables and the page of a run from its record."""

from __future__ import annotations

import json
from pathlib import Path

import click

from passel.cli.parts.running import show
from passel.core.driver import run_sync
from passel.measure.summary import summarise
from passel.runs.run import Run

__all__ = ["report"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def report(folder: Path, as_json: bool) -> None:
    """Recompute the tables and the HTML page of the run in FOLDER from its record, without a model.

    A FOLDER that holds a comparison.json but no run is read from that file: its page is drawn again.
    """
    from passel.report import has_comparison, read_comparison, write_report

    if has_comparison(folder) and not (folder / "run.json").exists():
        comparison = read_comparison(folder)
    else:
        comparison = summarise(run_sync(Run.open(folder).replay()))
    page = write_report(comparison, folder)
    if as_json:
        click.echo(json.dumps(comparison.to_json()))
    else:
        show(comparison, page)
