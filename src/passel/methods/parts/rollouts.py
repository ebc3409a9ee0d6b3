"""Judging a path by where it leads: rollouts of further steps."""

from __future__ import annotations

from collections.abc import Mapping

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, together
from passel.core.key import Key
from passel.core.problem import Problem
from passel.methods.parts.paths import Path, StepUnit, next_steps
from passel.methods.parts.search import Evaluate

__all__ = ["by_rollout", "rolled_out"]

GREEDY = Sampling(temperature=0.0)


def by_rollout(judge: Evaluate, further: int, unit: StepUnit, depth: int | None = None) -> Evaluate:
    """Gives a path what `judge` gives the text that at most `further` greedy steps lead to from it.

    Paths with one text share a rollout. A path whose rollout failed or was cut is not judged. Where the budget ends
    amid a rollout, the path is judged by as far as it came.
    """
    if further == 0:
        return judge

    def evaluate(
        problem: Problem, paths: Mapping[int, Path], key: Key
    ) -> Flow[tuple[Mapping[int, float | None], bool]]:
        texts = {path.text: path for path in paths.values()}
        flows = [rolled_out(problem, path, key=key, further=further, unit=unit, depth=depth) for path in texts.values()]
        found = dict(zip(texts, (yield from together(flows)), strict=True))
        values, paid = yield from judge(problem, {number: found[path.text][0] for number, path in paths.items()}, key)
        return values, paid and all(whole for _, whole in found.values())

    return evaluate


def rolled_out(
    problem: Problem, path: Path, *, key: Key, further: int, unit: StepUnit, depth: int | None = None
) -> Flow[tuple[Path, bool]]:
    """The path after at most `further` greedy steps, fewer if the solution ends, and whether the budget allowed them.

    Cost: generate <= further.
    """
    for _ in range(further):
        if path.done:
            break
        try:
            (path,) = yield from next_steps(problem, path, key=key, unit=unit, depth=depth, sampling=GREEDY)
        except OutOfBudget:
            return path, False
    return path, True
