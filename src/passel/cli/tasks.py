"""`passel tasks`: what there is to solve."""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from passel.cli.parts.output import output
from passel.core.docs import describe
from passel.core.registry import find, names

__all__ = ["tasks"]


@click.command()
def tasks() -> None:
    """List the tasks. Any .jsonl or .csv file of yours is one too: FILE with --question and --answer."""
    out = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("task", "what it is", "options"):
        out.add_column(column, overflow="fold")
    for name in names("tasks"):
        about = describe(find("tasks", name))
        options = " ".join(f"{option}={default}" for option, (_, default) in about.options.items())
        out.add_row(f"[bold]{name}[/]", escape(about.summary), escape(options))
    output().print(out)
