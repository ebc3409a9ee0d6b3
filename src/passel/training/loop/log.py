"""The log of a training: a line of JSON for each step, and for each evaluation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from passel.training.loop.setup import Loss, Schedule

__all__ = ["LOG", "Log", "OnStep", "StepReport", "ignore_step", "lines"]

LOG = "log.jsonl"


@dataclass(frozen=True, slots=True)
class StepReport:
    """The report of a step, for `OnStep`.

    Args:
        step: number of updates so far, of `steps`.
        loss: loss of the step. figures: further values that the recipe logs.
        tokens_per_second: speed of the step. seconds: duration of all steps.
    """

    step: int
    steps: int
    loss: float
    figures: Mapping[str, float]
    tokens_per_second: float
    seconds: float


OnStep = Callable[[StepReport], None]


def ignore_step(step: StepReport) -> None:
    """Does nothing."""


class Log:
    """Appends to the folder's log. Lines that an interrupted run wrote after its checkpoint are removed first."""

    def __init__(self, folder: Path, step: int) -> None:
        self._path = folder / LOG
        kept = [line for line in lines(folder) if line["step"] <= step] if step else []
        folder.mkdir(parents=True, exist_ok=True)
        self._path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    def stepped(
        self, step: int, schedule: Schedule, losses: Sequence[Loss], taken: float, seconds: float
    ) -> StepReport:
        """Logs a step that took `taken` seconds, and returns its report."""
        figures = {name: fmean(loss.figures[name] for loss in losses) for name in losses[0].figures}
        loss = fmean(loss.value.item() for loss in losses)
        speed = sum(loss.tokens for loss in losses) / max(taken, 1e-9)
        rate = schedule.rate(step - 1)
        fixed = {"step": step, "loss": loss, "rate": rate, "tokens_per_second": speed, "seconds": seconds}
        self._add({**figures, **fixed})
        return StepReport(step, schedule.steps, loss, figures, speed, seconds)

    def evaluated(self, step: int, figures: Mapping[str, float]) -> None:
        """Logs figures on held-out texts."""
        if figures:
            self._add({"step": step, "held_out": dict(figures)})

    def _add(self, line: Mapping[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def lines(folder: Path) -> list[dict[str, Any]]:
    """The lines of the log, without a last line that was cut off."""
    found: list[dict[str, Any]] = []
    path = folder / LOG
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found
