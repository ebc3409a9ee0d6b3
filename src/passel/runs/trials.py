"""What a run gives: a method on a problem with its outcome, scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from passel.core.cost import Cost
from passel.core.driver import Outcome
from passel.core.model import ModelInfo
from passel.core.problem import Answer, Problem
from passel.methods import ConfiguredMethod
from passel.runs.plan import Plan
from passel.tasks import Task

__all__ = ["Trial", "Trials", "tidy"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One method on one problem. `score` is None where it could not be scored."""

    score: float | None
    answer: str | None
    stop: str
    cost: Cost
    wall_seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trials:
    """Everything that a run gave.

    Args:
        plan: what was to be run. task, methods, problems: the same, found.
        score: what an answer is worth; see `Task.score`.
        outcomes: by (problem id, method name).
        infos: what the model of each role is.
        paid: what all passes took, shared ones once.
        wall_seconds: from start to end, over all processes that worked on the run.
    """

    plan: Plan
    task: Task
    score: Callable[[str, Answer | None], float | None]
    methods: Sequence[ConfiguredMethod]
    problems: Sequence[Problem]
    outcomes: Mapping[tuple[str, str], Outcome]
    infos: Mapping[str, ModelInfo]
    paid: Cost
    wall_seconds: float

    def trial(self, problem: Problem, method: ConfiguredMethod) -> Trial:
        """One method on one problem, scored. What broke, or was cut short by the run's budget or an unfinished record
        before it had an answer, is unscored, not wrong. Without an answer at the end of its own budget it is wrong."""
        outcome = self.outcomes[problem.id, method.name]
        answer = outcome.result.answer
        unfinished = outcome.error is not None or (outcome.cut_short and answer is None)
        return Trial(
            None if unfinished else self.score(problem.id, answer),
            answer.text if answer else None,
            "failed" if outcome.error is not None else outcome.result.stop,
            tidy(outcome.cost),
            outcome.wall_seconds,
            outcome.error,
        )


def tidy(cost: Cost) -> Cost:
    """Without the last digits of sums of fractions, which depend on the order in which replies came."""
    return replace(cost, money=round(cost.money, 12), seconds=round(cost.seconds, 6))
