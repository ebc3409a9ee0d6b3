"""The learning curves that a training's log holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["LearningCurve", "curves_of"]

_NOT_DRAWN = ("step", "seconds", "rate", "tokens_per_second", "held_out")


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """One figure over the steps. `held_out`: on texts that are not trained on."""

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    held_out: bool


def curves_of(log: Sequence[Mapping[str, Any]]) -> list[LearningCurve]:
    """The learning curves of a log: those of the steps, the loss first, then those of the evaluations."""
    found: dict[tuple[str, bool], list[tuple[int, float]]] = {("loss", False): []}
    for line in log:
        held = "held_out" in line
        for name, value in (line["held_out"] if held else line).items():
            if held or name not in _NOT_DRAWN:
                found.setdefault((name, held), []).append((line["step"], value))
    return [
        LearningCurve(name, tuple(step for step, _ in points), tuple(value for _, value in points), held)
        for (name, held), points in found.items()
        if points
    ]
