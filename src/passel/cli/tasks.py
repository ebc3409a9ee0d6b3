"""`passel tasks`: the tasks there are."""

from __future__ import annotations

import click
from rich.markup import escape

from passel.cli.parts.listing import json_flag, name_cell, print_json, print_table, rows_of

__all__ = ["tasks"]


@click.command()
@json_flag
def tasks(as_json: bool) -> None:
    """List the tasks: what each one asks, and its options.

    A .jsonl or .csv file of your own is a task too: --task FILE, with --question and --answer for its columns.
    """
    rows = rows_of("tasks")
    if as_json:
        print_json([{name: row[name] for name in ("name", "origin", "summary", "options")} for row in rows])
        return
    cells = [
        [name_cell(row), escape(row["summary"]), escape(" ".join(f"{k}={v}" for k, v in row["options"].items()))]
        for row in rows
    ]
    print_table(("task", "what it is", "options"), cells)
