"""The progress of a run, for a display."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from passel.core.cost import Cost

__all__ = ["RunProgress"]


@dataclass(slots=True)
class RunProgress:
    """The progress of a run, kept up to date while it goes on.

    Args:
        total: number of trials, methods times problems.
        done: trials that have ended.
        scores: by method, the scores so far (unscored trials left out).
        spent: a function that returns the cost so far, which also grows within a trial.
        failures: number of replies that were not usable whole.
        changed: called after each trial.
    """

    total: int = 0
    done: int = 0
    scores: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    spent: Callable[[], Cost] = Cost
    failures: int = 0
    changed: Callable[[], None] = lambda: None

    def reset(self) -> None:
        """Sets everything to zero, for another run in the same display."""
        self.total = self.done = self.failures = 0
        self.scores.clear()
