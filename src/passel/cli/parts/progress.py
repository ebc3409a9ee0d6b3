"""How far something has come, on standard error: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

__all__ = ["shown"]

_SECONDS = 15.0  # between plain lines


@contextmanager
def shown(console: Console) -> Generator[Callable[[str, int, int], None]]:
    """Gives a function that is called with (what is done, how much is done, how much in all)."""
    if not console.is_terminal:
        yield _plain(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=None)

        def on_progress(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total or None)

        yield on_progress


def _plain(console: Console) -> Callable[[str, int, int], None]:
    said = time.monotonic()

    def on_progress(what: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said > _SECONDS:
            said = time.monotonic()
            console.print(f"{what}: {done / max(1, total):.0%}", soft_wrap=True)

    return on_progress
