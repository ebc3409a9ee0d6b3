"""`passel models`: what can be run."""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from passel.cli.parts.output import output
from passel.core.docs import describe
from passel.core.registry import find, names
from passel.models.catalog import cards
from passel.models.catalog.pull import cached

__all__ = ["models"]


@click.command()
def models() -> None:
    """List the models by name, and the ways to name any other."""
    console = output()
    named = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("model", "what it is", "licence", "size", "here"):
        named.add_column(column, overflow="fold")
    for name, card in cards().items():
        size = f"{card.weights.size / 1e6:.0f} MB"
        named.add_row(
            f"[bold]{name}[/]", escape(card.summary), card.licence, size, "yes" if cached(card) else "passel pull"
        )
    console.print(named)
    kinds = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left", title="\nAny other")
    for column in ("kind", "what it is", "options"):
        kinds.add_column(column, overflow="fold")
    for name in names("models"):
        about = describe(find("models", name))
        options = " ".join(option for option in about.options if option != "report")
        kinds.add_row(f"[bold]{name}:…[/]", escape(about.summary), escape(options))
    console.print(kinds)
