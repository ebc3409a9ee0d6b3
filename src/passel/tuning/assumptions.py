"""What is assumed of a generator, its verifier and the problems."""

from __future__ import annotations

from dataclasses import dataclass, fields

from passel.models import load as load_model
from passel.tasks import load as load_task

__all__ = ["Assumptions"]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """A simulated generator and verifier, and the trees they work on; see the model and the task `planted`.

    Args:
        chance: that a step is the right one, wherever the solution stands. All of them make a right solution.
        steps: of a solution.
        branches: next steps to choose from.
        tokens: that a step takes.
        rho: correlation of the verifier's log-odds with the truth; 1 is never wrong, 0 is noise.
        scale: of the log-odds: how sure the verifier is of itself.
        bias: added to the log-odds, before the scale, under one wrong first step.
        trap: steps for which that bias holds; 0 is nowhere.

    Raises UsageError, when built, for what the model or the task does not take.
    """

    chance: float = 0.6
    steps: int = 6
    branches: int = 4
    tokens: int = 10
    rho: float = 0.8
    scale: float = 2.0
    bias: float = 0.0
    trap: int = 3

    def __post_init__(self) -> None:
        load_task(self.task)
        load_model(self.model())

    @property
    def task(self) -> str:
        """The spec of the trees."""
        return f"planted:depth={self.steps}:branching={self.branches}"

    def model(self, seed: int = 0) -> str:
        """The spec of the generator and its verifier, whose errors are those of the seed."""
        own = [field.name for field in fields(self) if field.name not in ("steps", "branches")]
        return ":".join(["planted", *(f"{name}={getattr(self, name)}" for name in own), f"seed={seed}"])
