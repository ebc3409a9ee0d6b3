"""From the outcomes of a run to what a comparison found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from passel import __version__
from passel.core.cost import Cost, Price
from passel.core.key import Key
from passel.estimators.cost_of_pass import pooled
from passel.estimators.curves import Pool, curves
from passel.estimators.intervals import difference_interval, mean_interval
from passel.measure.comparison import Comparison, Estimate, MethodRow, ProblemRow
from passel.measure.judging import judging, silent
from passel.methods import ConfiguredMethod
from passel.runs.trials import Trial, Trials, rounded

__all__ = ["summarise"]

Scores = NDArray[np.float64]


def summarise(trials: Trials, command: str = "") -> Comparison:
    """The comparison: intervals, curves, costs, and what sharing the pool saved."""
    infos, paid = trials.infos, rounded(trials.paid)
    plan, key = trials.plan, Key(trials.plan.seed) / "bootstrap"
    table = {m.name: {p.id: trials.trial(p, m) for p in trials.problems} for m in trials.methods}
    first = _scores(table[trials.methods[0].name])
    rows = [_row(trials, method, table[method.name], first, index, key) for index, method in enumerate(trials.methods)]
    alone = sum((row.cost for row in rows), Cost())
    pools = _pools(trials)
    deepest = max(pools, key=lambda pool: pool.depth, default=None)
    return Comparison(
        model=infos["generator"].name,
        task=plan.task,
        seed=plan.seed,
        methods=tuple(rows),
        problems=tuple(_problem(trials, index, table, deepest) for index in range(len(trials.problems))),
        curves=tuple(curves(pools, key)),
        paid=paid,
        alone=rounded(alone),
        saved=_saved(paid, rounded(alone)),
        sampling=plan.sampling.over(infos["generator"].advised).given(),
        roles={role: info.name for role, info in infos.items()},
        budget={name: value for name, value in asdict(plan.budget).items() if value is not None},
        price_known=any(info.price != Price() for info in infos.values()),
        wall_seconds=trials.wall_seconds,
        notes=(*_notes(trials, table), *silent(trials.methods, pools)),
        command=command,
        version=__version__,
        verifiers=judging(trials.methods, _paid_for(trials, pools), [one.id for one in trials.problems], key),
    )


def _scores(trials: Mapping[str, Trial]) -> Scores:
    """In order of the problems; NaN where unscored."""
    return np.array([np.nan if t.score is None else t.score for t in trials.values()], dtype=np.float64)


def _row(
    trials: Trials, method: ConfiguredMethod, own: Mapping[str, Trial], first: Scores, index: int, key: Key
) -> MethodRow:
    scores = _scores(own)
    cost = rounded(sum((trial.cost for trial in own.values()), Cost()))
    failures = (sum(trials.outcomes[p.id, method.name].failures.values()) for p in trials.problems)
    means = _means(cost, len(own))
    accuracy = Estimate(*mean_interval(scores, key))
    return MethodRow(
        name=method.name,
        accuracy=accuracy,
        difference=Estimate(*difference_interval(scores, first, key)) if index else None,
        problems=len(own),
        scored=int(np.isfinite(scores).sum()),
        answered=sum(trial.answer is not None for trial in own.values()),
        failures=sum(failures),
        cost=cost,
        mean_cost=means,
        cost_of_pass={name: pooled(means[name], accuracy.value) for name in ("tokens", "dollars")},
        uses_gold=method.uses_gold,
        stopped=sum(trial.stop == "budget" for trial in own.values()),
    )


def _means(cost: Cost, count: int) -> dict[str, float]:
    total = {
        "tokens": cost.tokens,
        "dollars": cost.money,
        "passes": cost.passes,
        "seconds": cost.seconds,
        "flops": cost.flops,
    }
    return {name: value / max(1, count) for name, value in total.items()}


def _pools(trials: Trials) -> list[Pool]:
    """The draws of each method that drew its candidates without stopping early."""
    pools: list[Pool] = []
    for method in trials.methods:
        drawn = [trials.outcomes[problem.id, method.name].result.candidates for problem in trials.problems]
        if method.uses_gold or any(one.stop == "cancelled" for row in drawn for one in row):
            continue  # what it drew depends on what was right, or is not whole
        pairs = zip(trials.problems, drawn, strict=True)
        values = [[trials.score(problem.id, one.answer) for one in row] for problem, row in pairs]
        pools.append(Pool(method.name, drawn, values, weighted=bool(method.options.get("weighted"))))
    return pools


def _paid_for(trials: Trials, pools: Sequence[Pool]) -> list[Pool]:
    """The pools without the draws of problems that the budget or a fault ended: a draw may lack its score there."""
    kept: list[Pool] = []
    for pool in pools:
        outcomes = [trials.outcomes[problem.id, pool.name] for problem in trials.problems]
        whole = [one.error is None and one.result.stop == "done" for one in outcomes]
        drawn = [row if ok else () for row, ok in zip(pool.candidates, whole, strict=True)]
        values = [row if ok else () for row, ok in zip(pool.values, whole, strict=True)]
        kept.append(replace(pool, candidates=drawn, values=values))
    return kept


def _problem(trials: Trials, index: int, table: Mapping[str, Mapping[str, Trial]], pool: Pool | None) -> ProblemRow:
    problem = trials.problems[index]
    draws = tuple(pool.values[index]) if pool else ()
    own: dict[str, Trial] = {name: row[problem.id] for name, row in table.items()}
    return ProblemRow(problem.id, problem.question, trials.task.gold(problem.id), own, draws)


def _saved(paid: Cost, alone: Cost) -> dict[str, float]:
    pairs = {
        "passes": (paid.passes, alone.passes),
        "tokens": (paid.tokens, alone.tokens),
        "dollars": (paid.money, alone.money),
    }
    return {name: 1.0 - a / b for name, (a, b) in pairs.items() if b > 0}


def _notes(trials: Trials, table: Mapping[str, Mapping[str, Trial]]) -> list[str]:
    every = [trial for row in table.values() for trial in row.values()]
    notes: list[str] = []

    def note(count: int, what: str) -> None:
        if count:
            notes.append(f"{count} of {len(every)} trials {what}")

    note(sum(trial.stop == "budget" for trial in every), "were ended by the budget.")
    errors: list[Any] = [trial.error for trial in every if trial.error is not None]
    note(len(errors), f"broke and are not scored; the first: {errors[0]}" if errors else "")
    note(sum(t.score is None and t.error is None and t.stop != "budget" for t in every), "could not be scored.")
    return notes
