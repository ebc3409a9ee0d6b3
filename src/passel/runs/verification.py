"""Judging the samples of an earlier run, without drawing new samples."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from passel.core.cost import Budget
from passel.core.errors import UsageError
from passel.core.needs import needs_of
from passel.core.options import parameters, split_spec
from passel.runs.plan import Plan
from passel.runs.run import Run
from passel.verifiers import load

__all__ = ["verification"]


def verification(
    run: Path | str,
    verifiers: Sequence[str],
    *,
    task: str | None = None,
    model: str | None = None,
    roles: Mapping[str, str] | None = None,
    limit: int | None = None,
    n: int | None = None,
    budget: Budget | None = None,
    concurrency: int = 64,
    out: Path | str | None = None,
) -> Run:
    """Returns a run that judges the samples of an earlier run: best of n by each verifier, and a majority vote for
    comparison.

    The generator is not asked. Judgements are added to the earlier run's record, so that they are made once.

    Args:
        run: folder of a run with a record. verifiers: specs, such as `judge` or `genrm:m=8`.
        task: raise an error if the run is not of this task; None: any task.
        model: plays the verifiers' roles; None: the run's own model.
        roles: models for single roles.
        limit: maximum number of problems; None: all of the run.
        n: samples of each problem; None: as many as the run asked for.
        budget: limits of the judging.
        concurrency: maximum number of problems at once.
        out: folder for the report; None: the folder `verify` in the run's.

    Raises:
        UsageError: no such run or verifier, or a run of another task.
    """
    if not verifiers:
        raise UsageError("no verifier given").about("verifiers")
    drawn = Plan.open(Path(run))
    if task is not None and task != drawn.task:
        raise UsageError(f"the run in {run} is of the task {drawn.task}, not of {task}").about("task")
    if drawn.judged_run is not None:
        raise UsageError(f"{run} is itself a verification; give the folder of the run that it judged")
    wanted = {role for spec in verifiers for role in needs_of(load(spec))} - {"generator", "tool"}
    folder = Path(out) if out is not None else Path(run) / "verify"
    count = n or _draws(drawn)
    players = dict.fromkeys(wanted, model) if model is not None else {}
    plan = drawn.replace(
        methods=(f"vote:n={count}", *(_best_of(spec, count) for spec in dict.fromkeys(verifiers))),
        n=None,
        limit=drawn.limit if limit is None else min(limit, drawn.limit or limit),
        roles={**players, **(roles or {})},
        budget=budget or Budget(),
        problem_budget=Budget(),
        concurrency=concurrency,
        judged_run=os.path.relpath(run, folder),
        pilot=None,
    )
    return Run(plan, folder)


def _draws(plan: Plan) -> int:
    """Returns the largest number of samples of a problem that a method of the run asked for."""
    asked = [1]
    for method in plan.load_methods():
        default = parameters(method.make)["n"][1] if "n" in parameters(method.make) else 1
        asked.append(default if isinstance(default, int) else 1)
    return max(asked)


def _best_of(spec: str, n: int) -> str:
    parts, options = split_spec(spec)
    own = "".join(f":verifier.{name}={value}" for name, value in options.items())
    return f"best_of:n={n}:verifier={':'.join(parts)}{own}"
