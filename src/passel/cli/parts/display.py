"""The live display of a run: progress, time left, cost and accuracy so far."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from passel.runs.run_progress import RunProgress

__all__ = ["RunDisplay"]


class RunDisplay:
    """Shows a `RunProgress` on standard error: a live line on a terminal, else a plain line from time to time."""

    def __init__(self, console: Console) -> None:
        self.progress = RunProgress()
        self._console = console
        self._live: Live | None = None
        self._start = self._printed = time.monotonic()

    def __enter__(self) -> Self:
        self._start = self._printed = time.monotonic()
        if self._console.is_terminal:
            self._live = Live(get_renderable=self._line, console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        else:
            self.progress.changed = self._plain
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def _plain(self) -> None:
        now = time.monotonic()
        if now - self._printed > 15.0 or self.progress.done == self.progress.total:
            self._printed = now
            self._console.print(self._line(), soft_wrap=True)

    def _line(self) -> Text:
        progress = self.progress
        share = progress.done / progress.total if progress.total else 0.0
        spent = progress.spent()
        seconds = time.monotonic() - self._start
        text = Text()
        if self._console.is_terminal:
            width = 18
            full = round(share * width)
            text.append("━" * full, "green").append("━" * (width - full), "bright_black")
        left = f", {_clock(seconds * (1 - share) / share)} left" if 0 < share < 1 else ""
        text.append(f" {progress.done}/{progress.total}").append(f"  {_clock(seconds)}{left}", "dim")
        text.append(f"  {spent.passes} passes, {_compact(spent.tokens)} tokens", "dim")
        if spent.money:
            text.append(f", ${spent.money:.4f}", "dim")
        if progress.failures:
            text.append(f", {progress.failures} failed", "red")
        text.append("\n" if self._console.is_terminal else " ")  # accuracies so far: as many as fit the line
        for method, scores in progress.scores.items():
            text.append(f" {method} ", "cyan").append(f"{100 * sum(scores) / len(scores):.0f}% ")
        return text


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _compact(count: float) -> str:
    return f"{count / 1e6:.1f}M" if count >= 1e6 else f"{count / 1e3:.1f}k" if count >= 1e4 else f"{count:.0f}"
