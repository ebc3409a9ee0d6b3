"""What a progress display looks at while a run goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from passel.core.cost import Cost

__all__ = ["Watch"]


@dataclass(slots=True)
class Watch:
    """What a progress display looks at while a run goes on.

    Args:
        total: flows to run, methods times problems. done: those that ended.
        scores: by method, the scores so far (unscored ones left out).
        spent: what the run has really taken so far; a function, for it changes between trials too.
        failures: replies that were not usable whole.
        changed: called after each trial.
    """

    total: int = 0
    done: int = 0
    scores: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    spent: Callable[[], Cost] = Cost
    failures: int = 0
    changed: Callable[[], None] = lambda: None

    def reset(self) -> None:
        """Begins anew, for another run that is watched by the same display."""
        self.total = self.done = self.failures = 0
        self.scores.clear()
