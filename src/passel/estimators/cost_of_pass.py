"""Cost-of-pass: the cost of a right answer, and the cheapest way to get it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError

__all__ = ["cost_of_pass", "cost_per_right_answer", "counterfactual", "frontier", "task_value"]

Array = NDArray[np.float64]


def cost_of_pass(costs: Array, scores: Array) -> Array:
    """Expected spending until the first right answer, for each problem: mean cost / success rate.

    Source: Erol et al. 2025, Cost-of-Pass (2504.13359), equation 1; a ratio of means over runs, as in the authors'
    code, not a mean of ratios.

    Symbols: v(m, p) -> the result; C_m -> costs; R_m -> the mean of scores.

    Args:
        costs, scores: [problems, runs], in one unit and in [0, 1]; NaN (unscored) runs are left out.

    Returns: [problems]; infinite where no run succeeded, NaN where no run was scored.
    """
    known = np.isfinite(scores)
    runs = known.sum(axis=1)
    spent, won = np.where(known, costs, 0.0).sum(axis=1), np.where(known, scores, 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(runs == 0, np.nan, np.where(won > 0, spent / won, np.inf))


def frontier(values: Array, expert: Array | float | None = None) -> Array:
    """The lowest cost of several methods or models on each problem, including the expert's where it is given.

    Source: Erol et al. 2025 (2504.13359), equation 3 (V_p(M), with the human-expert baseline).

    Args:
        values: [methods, problems] of `cost_of_pass`. expert: cost of a human who answers, [problems] or one number.

    Returns: [problems]; infinite where no method succeeds, NaN where no method was scored and there is no expert.
    """
    best = np.fmin.reduce(values, axis=0) if len(values) else np.full(values.shape[1:], np.inf)
    return best if expert is None else np.fmin(best, expert)


def task_value(values: Array) -> float:
    """The mean over problems (equation 4); infinite if one problem is never solved. NaN (unscored) is left out."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def counterfactual(values: Mapping[str, Array], without: Collection[str], expert: Array | float | None = None) -> float:
    """The factor by which the task costs more without some methods: V(M minus removed) / V(M), at least 1.

    Infinite where only removed methods solve some problem; NaN where the whole set does not solve every problem, or
    costs nothing.
    Deviation: the authors' code raises where a task value is infinite.

    Source: Erol et al. 2025 (2504.13359), the counterfactual frontier.

    Args:
        values: `cost_of_pass` [problems] by method. without: names to remove. expert: as in `frontier`.

    Raises:
        UsageError: an unknown name in `without`, or no method at all.
    """
    missing = sorted(set(without) - set(values))
    if missing or not values:
        raise UsageError(f"no cost-of-pass for {', '.join(missing) or 'any method'}")
    every = np.array(list(values.values()))
    remaining = np.array([name not in without for name in values])
    known = ~np.isnan(every).all(axis=0)  # the same problems with and without
    left = np.where(np.isnan(every[remaining]), np.inf, every[remaining])[:, known]
    baseline = None if expert is None else np.broadcast_to(expert, known.shape)[known]
    whole, rest = task_value(frontier(every[:, known], baseline)), task_value(frontier(left, baseline))
    return rest / whole if 0.0 < whole < np.inf else float("nan")


def cost_per_right_answer(cost: float, accuracy: float | None) -> float | None:
    """Mean cost of a problem over mean accuracy: the cost per right answer over the whole task; None at accuracy 0.

    With one run of a method on each problem, success rates of single problems are 0 or 1 and their cost-of-pass is
    mostly infinite. This figure says what a right answer costs on average, not what it costs to solve every problem.
    """
    return cost / accuracy if accuracy else None
