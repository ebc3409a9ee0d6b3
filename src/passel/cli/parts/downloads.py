"""Downloading a model with a progress bar."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from passel.core.options import split_spec
from passel.models.catalog import cards
from passel.models.catalog.pull import cached, pull

__all__ = ["fetch"]


def fetch(spec: str, console: Console) -> Path | None:
    """Returns the file of a catalog model, downloaded if it is not in the cache; None: no such model in the catalog."""
    name = split_spec(spec)[0][0]
    if name not in cards():
        return None
    card = cards()[name]
    if path := cached(card):
        return path
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(f"fetching {name}", total=None)

        def on_progress(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total or None)

        path = pull(card, on_progress)
    console.print(f"{name}: {path.stat().st_size / 1e6:.0f} MB in {path.parent}, sha256 checked", soft_wrap=True)
    return path
