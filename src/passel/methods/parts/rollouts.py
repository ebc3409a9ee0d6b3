"""Judging a path by where it leads: rollouts of more steps."""

from __future__ import annotations

from collections.abc import Mapping

from passel.core.ask import Sampling
from passel.core.flow import Flow, affordable, together
from passel.core.key import Key
from passel.core.problem import Problem
from passel.methods.parts.paths import Path, StepUnit, next_steps
from passel.methods.parts.search import Evaluate, Judgements

__all__ = ["by_rollout", "rolled_out"]

GREEDY = Sampling(temperature=0.0)


def by_rollout(judge: Evaluate, max_steps: int, unit: StepUnit, depth: int | None = None) -> Evaluate:
    """Judges a path by the text that at most `max_steps` greedy steps lead to from it.

    Paths of equal text share a rollout. A path whose rollout failed or was truncated is not judged. Where the budget
    ends during a rollout, the path is judged by the steps so far.
    """
    if max_steps == 0:
        return judge

    def evaluate(problem: Problem, paths: Mapping[int, Path], key: Key) -> Flow[Judgements]:
        starts = {path.text: path for path in paths.values()}
        flows = [
            rolled_out(problem, path, key=key, max_steps=max_steps, unit=unit, depth=depth) for path in starts.values()
        ]
        rollouts = dict(zip(starts, (yield from together(flows)), strict=True))
        ends = {number: rollouts[path.text][0] for number, path in paths.items()}
        judgements, paid = yield from judge(problem, ends, key)
        return judgements, paid and all(whole for _, whole in rollouts.values())

    return evaluate


def rolled_out(
    problem: Problem, path: Path, *, key: Key, max_steps: int, unit: StepUnit, depth: int | None = None
) -> Flow[tuple[Path, bool]]:
    """The path after at most `max_steps` greedy steps, fewer if the solution ends, and whether the budget allowed them.

    Cost: generate <= max_steps.
    """
    for _ in range(max_steps):
        if path.done:
            break
        step = next_steps(problem, path, key=key, unit=unit, depth=depth, sampling=GREEDY)
        paths = yield from affordable(step)
        if paths is None:
            return path, False
        (path,) = paths
    return path, True
