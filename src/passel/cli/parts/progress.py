"""Progress on standard error: a bar on a terminal, else a plain line from time to time."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from passel.core.progress import OnProgress

__all__ = ["shown"]

_SECONDS = 15.0  # between plain lines


@contextmanager
def shown(console: Console) -> Generator[OnProgress]:
    """Gives an `OnProgress` that shows the progress."""
    if not console.is_terminal:
        yield _plain(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=None)

        def on_progress(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total or None)

        yield on_progress


def _plain(console: Console) -> OnProgress:
    printed = time.monotonic()

    def on_progress(what: str, done: int, total: int) -> None:
        nonlocal printed
        if time.monotonic() - printed > _SECONDS:
            printed = time.monotonic()
            console.print(f"{what}: {done / max(1, total):.0%}", soft_wrap=True)

    return on_progress
