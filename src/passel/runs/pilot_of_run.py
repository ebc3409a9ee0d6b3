"""From a replayed run to a pilot: scores and costs by problem, and the verifiers' scores of each plain sample."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from passel.core.driver import Driver, Scope
from passel.core.errors import OutOfBudget, UsageError
from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.options import split_spec
from passel.core.problem import Problem
from passel.core.result import Candidate, Result, candidate
from passel.methods import ConfiguredMethod
from passel.runs.method_verifier import verifier_name, verifier_of
from passel.runs.pilot import ORACLE, Pilot, PilotProblem
from passel.runs.scoring import Scorer, tools_of
from passel.runs.trials import Trials
from passel.verifiers import is_ranker, scores_of

__all__ = ["pilot_of_run"]

Verifiers = Mapping[str, Callable[..., Any]]


async def pilot_of_run(driver: Driver, trials: Trials) -> Pilot:
    """Makes a pilot of a replayed run.

    Args:
        driver: over the run's record, without a model.
        trials: the trials of the replay.

    Raises UsageError if no trial has a score.
    """
    verifiers = {
        verifier_name(m, v): v for m in trials.methods if (v := verifier_of(m)) is not None and not is_ranker(v)
    }
    rows = await asyncio.gather(*[_observe(driver, trials, problem, verifiers) for problem in trials.problems])
    scored = [row for row in rows if row.accuracy]
    if not scored:
        raise UsageError("the pilot holds no scored problem: run the comparison in its folder to the end first")
    specs = {method.name: _spec(method, trials.plan.n) for method in trials.methods}
    return Pilot(trials.plan.task, specs, [m.name for m in trials.methods if m.uses_gold], scored)


async def _observe(driver: Driver, trials: Trials, problem: Problem, verifiers: Verifiers) -> PilotProblem:
    found = {method.name: trials.trial(problem, method) for method in trials.methods}
    scored = {name: (trial.score, trial.cost) for name, trial in found.items() if trial.score is not None}
    scope = Scope(problem.id, tools_of(trials.task, problem.id))
    outcome = await driver.run(_draws(problem, Key(trials.plan.seed) / problem.id, verifiers), scope)
    scorer = Scorer(trials.task)
    await scorer.prepare(driver, problem.id, [outcome.result])
    worth = [scorer.score(problem.id, one.answer) for one in outcome.result.candidates]
    return PilotProblem(
        problem.id,
        {name: score for name, (score, _) in scored.items()},
        {name: float(cost.tokens) for name, (_, cost) in scored.items()},
        {ORACLE: worth, **outcome.result.info.get("scores", {})} if worth else {},
    )


def _draws(problem: Problem, key: Key, verifiers: Verifiers) -> Flow[Result]:
    """Returns the plain samples in the record as candidates, and each verifier's scores of them in `info["scores"]`."""
    drawn: list[Candidate] = []
    size = 4
    with suppress(OutOfBudget):  # their number is not known until one is missing
        while len(drawn) < size:
            replies = yield from sample_within(problem.prompt, key=key, n=size - len(drawn), first=len(drawn))
            drawn += [candidate(problem, reply) for reply in replies]
            size *= 2 if len(drawn) == size else 1
    answered = {index: one.text for index, one in enumerate(drawn) if one.answer is not None}
    by_name: dict[str, list[float | None]] = {}
    for name, verifier in verifiers.items():
        try:
            scores, _ = yield from scores_of(verifier, problem, answered, key=key)
        except OutOfBudget:
            continue
        if any(score is not None for score in scores.values()):
            by_name[name] = [scores.get(index) for index in range(len(drawn))]
    return Result(candidates=tuple(drawn), info={"scores": by_name})


def _spec(method: ConfiguredMethod, n: int | None) -> str:
    """Returns the method's spec, with the run's n written out if it takes n and sets none."""
    _, options = split_spec(method.name)
    return method.name if n is None or "n" in options or "n" not in method.options else f"{method.name}:n={n}"
