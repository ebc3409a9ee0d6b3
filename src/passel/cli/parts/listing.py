"""Lists of what there is: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from passel.cli.parts.output import output
from passel.core.docs import describe
from passel.core.progress import OnProgress
from passel.core.registry import find, listed

__all__ = ["json_flag", "name_cell", "print_json", "print_table", "rows_of"]

json_flag = click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")


def rows_of(room: str) -> list[dict[str, Any]]:
    """Returns what a room holds, one row a thing: name, origin, summary, source, cost, options with their defaults."""
    rows: list[dict[str, Any]] = []
    for name, origin in listed(room).items():
        about = describe(find(room, name))
        options = {
            option: default if isinstance(default, int | float | str | None) else _shown(default)
            for option, (kind, default) in about.options.items()
            if kind != OnProgress
        }
        row = {"name": name, "origin": origin, "summary": about.summary, "source": about.paper, "cost": about.cost}
        rows.append(row | {"options": options})
    return rows


def name_cell(row: Mapping[str, Any], suffix: str = "") -> str:
    """Returns the name of a row for a table, with the package that it comes from unless it is built in."""
    name = f"[bold]{escape(row['name'])}{suffix}[/]"
    return name if row["origin"] == "built in" else f"{name}\n[dim]from {escape(row['origin'])}[/]"


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None, gap: int = 0
) -> None:
    """Prints rows of rich markup. `gap`: empty lines between two rows."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, gap, 0), title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=index == 0 and gap > 0)
    for row in rows:
        table.add_row(*row)
    output().print(table)


def print_json(value: object) -> None:
    """Prints a value as JSON."""
    click.echo(json.dumps(value))


def _shown(default: object) -> str:
    return getattr(default, "__name__", str(default))
