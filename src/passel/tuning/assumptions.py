"""The assumptions of a forecast: on the generator, its verifier and the problems."""

from __future__ import annotations

from dataclasses import dataclass, fields

from passel.models import load as load_model
from passel.tasks import load as load_task

__all__ = ["Assumptions"]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """A simulated generator and verifier, and the trees they work on; see the model and the task `planted`.

    Args:
        chance: that a step is right, the same at every step. A solution is right if all its steps are.
        steps: number of steps of a solution.
        branches: number of possible next steps.
        tokens: of a step.
        rho: correlation of the verifier's log-odds with the truth; 1: it is never wrong, 0: it is noise.
        scale: of the log-odds: the confidence of the verifier.
        bias: added to the log-odds, before the scale, under one wrong first step.
        trap: number of steps with that bias.

    Raises:
        UsageError: when built, for a value that the model or the task does not take.
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
        """The spec of the generator and its verifier; the seed decides the verifier's errors."""
        options = [field.name for field in fields(self) if field.name not in ("steps", "branches")]
        return ":".join(["planted", *(f"{name}={getattr(self, name)}" for name in options), f"seed={seed}"])
