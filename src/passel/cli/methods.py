"""`passel methods`: the methods there are, their papers, what they need and what they cost."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from passel.cli.parts.listing import json_flag, name_cell, print_json, print_table, rows_of
from passel.core.errors import UsageError
from passel.core.extras import need
from passel.core.needs import needs_of
from passel.core.options import parameters
from passel.core.registry import find
from passel.models import load

__all__ = ["methods"]

_ROOMS = {"decoders": "decoding", "recipes": "training"}  # by flag; what is in them runs in the engine


@click.command()
@click.option("--model", help="Say for each one whether this model can run it.")
@click.option("--verifiers", is_flag=True, help="List the verifiers instead.")
@click.option("--decoders", is_flag=True, help="List the decoding methods of the engine instead.")
@click.option("--recipes", is_flag=True, help="List what `passel train` can train instead.")
@json_flag
def methods(model: str | None, as_json: bool, **lists: bool) -> None:
    """List the methods: the paper, what each needs of a model, its cost in requests, and its options."""
    asked = [name for name, wanted in lists.items() if wanted]
    if len(asked) > 1:
        raise UsageError(f"cannot be given together with --{asked[1]}: they are two lists", field=f"--{asked[0]}")
    kind = asked[0] if asked else "methods"
    room = _ROOMS.get(kind, kind)
    if room != kind:
        need("torch", "engine")
    can = load(model).info.can if model else None
    rows = rows_of(room)
    for row in rows:
        row["needs"] = {"generator": ["forward"]} if room != kind else _needs(room, row["name"])
        if can is not None:
            row["missing"] = sorted({c for role, what in row["needs"].items() if role != "tool" for c in what} - can)
    if as_json:
        print_json(rows)
        return
    columns = [kind.rstrip("s"), "what it does", "needs", "cost", "options"] + ([f"with {model}"] if model else [])
    print_table(columns, [_cells(row) for row in rows], gap=1)


def _needs(room: str, name: str) -> dict[str, list[str]]:
    """What a method needs with its default options: capabilities by role."""
    function = find(room, name)
    wanted = needs_of(function, {option: default for option, (_, default) in parameters(function).items()})
    return {role: sorted(capabilities) for role, capabilities in sorted(wanted.items())}


def _cells(row: dict[str, Any]) -> list[str]:
    needs = ", ".join(f"{role}: {' '.join(capabilities)}" for role, capabilities in row["needs"].items())
    options = " ".join(f"{option}={default}" for option, default in row["options"].items()).replace("\n", "\\n")
    cells = [name_cell(row), f"{escape(row['summary'])}\n[dim]{escape(row['source'])}[/]"]
    cells += [needs or "nothing", escape(row["cost"]), escape(options)]
    if "missing" in row:
        cells.append(f"no: {', '.join(row['missing'])}" if row["missing"] else "yes")
    return cells
