"""`passel models`: the models there are, and how others are named."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from passel.cli.parts.listing import json_flag, name_cell, print_json, print_table, rows_of
from passel.models.catalog import cards
from passel.models.catalog.pull import cached

__all__ = ["models"]


@click.command()
@json_flag
def models(as_json: bool) -> None:
    """List the models of the catalog, and how to name any other model."""
    catalog: list[dict[str, Any]] = [
        {
            "name": name,
            "summary": card.summary,
            "licence": card.licence,
            "bytes": card.weights.size,
            "cached": cached(card) is not None,
        }
        for name, card in cards().items()
    ]
    kinds = rows_of("models")
    if as_json:
        others = [{name: row[name] for name in ("name", "origin", "summary", "options")} for row in kinds]
        print_json({"catalog": catalog, "kinds": others})
        return
    named = [
        [
            f"[bold]{escape(row['name'])}[/]",
            escape(row["summary"]),
            row["licence"],
            f"{row['bytes'] / 1e6:.0f} MB",
            "yes" if row["cached"] else "passel pull",
        ]
        for row in catalog
    ]
    print_table(("model", "what it is", "licence", "size", "in the cache"), named)
    others = [[name_cell(row, ":…"), escape(row["summary"]), escape(" ".join(row["options"]))] for row in kinds]
    print_table(("kind", "what it is", "options"), others, title="\nAny other")
