"""The trials of a run: each is one method on one problem, with its outcome and score."""

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

__all__ = ["Trial", "Trials", "rounded"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One method on one problem. `score` is None if it could not be scored."""

    score: float | None
    answer: str | None
    stop: str
    cost: Cost
    wall_seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trials:
    """The trials of a run.

    Args:
        plan: the settings of the run.
        task, methods, problems: those of the plan.
        score: returns the score of an answer; see `Task.score`.
        outcomes: by (problem id, method name).
        infos: the properties of each role's model.
        paid: the cost of all passes, shared passes once.
        wall_seconds: from start to end, summed over all sessions that worked on the run.
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
        """Returns one method on one problem, scored.

        A trial that failed, or that the run's budget or an unfinished record ended before it had an answer, is
        unscored, not wrong. A trial without an answer at the end of its own budget is wrong.
        """
        outcome = self.outcomes[problem.id, method.name]
        answer = outcome.result.answer
        unfinished = outcome.error is not None or (outcome.cut_short and answer is None)
        return Trial(
            None if unfinished else self.score(problem.id, answer),
            answer.text if answer else None,
            "failed" if outcome.error is not None else outcome.result.stop,
            rounded(outcome.cost),
            outcome.wall_seconds,
            outcome.error,
        )


def rounded(cost: Cost) -> Cost:
    """Rounds away the last digits of sums of fractions, which depend on the order in which replies came."""
    return replace(cost, money=round(cost.money, 12), seconds=round(cost.seconds, 6))
