"""From the trials of a run to a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from passel.core.cost import Cost, Price
from passel.core.key import Key
from passel.core.version import __version__
from passel.estimators.cost_of_pass import cost_per_right_answer
from passel.estimators.intervals import difference_interval, mean_interval
from passel.measure.comparison import Comparison, Estimate, MethodRow, ProblemRow
from passel.measure.samples import MethodSamples, completed, curves, deepest, samples_of
from passel.measure.verifiers import unscored_verifiers, verifier_rows
from passel.methods import ConfiguredMethod
from passel.runs.trials import Trial, Trials, rounded

__all__ = ["summarise"]

Scores = NDArray[np.float64]


def summarise(trials: Trials, command: str = "") -> Comparison:
    """Computes the comparison: intervals, curves, costs, and what sharing samples saved.

    Args:
        command: the command line that runs it again.
    """
    infos, paid = trials.infos, rounded(trials.paid)
    plan, key = trials.plan, Key(trials.plan.seed) / "bootstrap"
    table = {m.name: {p.id: trials.trial(p, m) for p in trials.problems} for m in trials.methods}
    first = _scores(table[trials.methods[0].name])
    rows = [_row(trials, method, table[method.name], first, index, key) for index, method in enumerate(trials.methods)]
    alone = sum((row.cost for row in rows), Cost())
    samples = samples_of(trials)
    most = deepest(samples)
    return Comparison(
        model=infos["generator"].name,
        task=plan.task,
        seed=plan.seed,
        methods=tuple(rows),
        problems=tuple(_problem(trials, index, table, most) for index in range(len(trials.problems))),
        curves=tuple(curves(samples, key)),
        paid=paid,
        alone=rounded(alone),
        saved=_saved(paid, rounded(alone)),
        sampling=plan.sampling.over(infos["generator"].advised).given(),
        roles={role: info.name for role, info in infos.items()},
        budget={name: value for name, value in asdict(plan.budget).items() if value is not None},
        price_known=any(info.price != Price() for info in infos.values()),
        wall_seconds=trials.wall_seconds,
        notes=(*_notes(table), *unscored_verifiers(trials.methods, samples)),
        command=command,
        version=__version__,
        verifiers=verifier_rows(trials.methods, completed(trials, samples), [p.id for p in trials.problems], key),
    )


def _scores(trials: Mapping[str, Trial]) -> Scores:
    """The scores in order of the problems; NaN for an unscored trial."""
    return np.array([np.nan if t.score is None else t.score for t in trials.values()], dtype=np.float64)


def _row(
    trials: Trials, method: ConfiguredMethod, by_problem: Mapping[str, Trial], first: Scores, index: int, key: Key
) -> MethodRow:
    scores = _scores(by_problem)
    cost = rounded(sum((trial.cost for trial in by_problem.values()), Cost()))
    failures = (sum(trials.outcomes[p.id, method.name].failures.values()) for p in trials.problems)
    means = _means(cost, len(by_problem))
    accuracy = Estimate(*mean_interval(scores, key))
    return MethodRow(
        name=method.name,
        accuracy=accuracy,
        difference=Estimate(*difference_interval(scores, first, key)) if index else None,
        problems=len(by_problem),
        scored=int(np.isfinite(scores).sum()),
        answered=sum(trial.answer is not None for trial in by_problem.values()),
        failures=sum(failures),
        cost=cost,
        mean_cost=means,
        cost_of_pass={name: cost_per_right_answer(means[name], accuracy.value) for name in ("tokens", "dollars")},
        uses_gold=method.uses_gold,
        stopped=sum(trial.stop == "budget" for trial in by_problem.values()),
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


def _problem(
    trials: Trials, index: int, table: Mapping[str, Mapping[str, Trial]], samples: MethodSamples | None
) -> ProblemRow:
    problem = trials.problems[index]
    values = tuple(samples.values[index]) if samples else ()
    by_method: dict[str, Trial] = {name: row[problem.id] for name, row in table.items()}
    return ProblemRow(problem.id, problem.question, trials.task.gold(problem.id), by_method, values)


def _saved(paid: Cost, alone: Cost) -> dict[str, float]:
    pairs = {
        "passes": (paid.passes, alone.passes),
        "tokens": (paid.tokens, alone.tokens),
        "dollars": (paid.money, alone.money),
    }
    return {name: 1.0 - a / b for name, (a, b) in pairs.items() if b > 0}


def _notes(table: Mapping[str, Mapping[str, Trial]]) -> Iterator[str]:
    """Yields a sentence on trials that the budget ended, that failed, and that could not be scored."""
    trials = [trial for row in table.values() for trial in row.values()]
    stopped = sum(trial.stop == "budget" for trial in trials)
    errors = [trial.error for trial in trials if trial.error is not None]
    unscored = sum(t.score is None and t.error is None and t.stop != "budget" for t in trials)
    if stopped:
        yield f"{stopped} of {len(trials)} trials were ended by the budget."
    if errors:
        yield f"{len(errors)} of {len(trials)} trials failed and are not scored; the first error: {errors[0]}"
    if unscored:
        yield f"{unscored} of {len(trials)} trials could not be scored."
