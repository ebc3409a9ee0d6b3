"""Runs on planted trees, and the number of tokens at which a method reaches an accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.estimators.estimate import Estimate
from passel.estimators.intervals import bootstrap_weights
from passel.runs.plan import Plan
from passel.runs.run import Run
from passel.runs.run_progress import RunProgress

__all__ = ["Measured", "measured", "reach", "tokens_to_reach"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The score, the generated tokens and the passes of one method on each tree [trees]."""

    scores: Array
    tokens: Array
    passes: Array


async def measured(
    specs: Sequence[str], *, model: str, task: str, problems: int, seed: int = 0, watch: RunProgress | None = None
) -> dict[str, Measured]:
    """Runs methods on the same trees.

    Raises:
        UsageError: a method that fails on a tree.
    """
    run = Run(Plan(model=model, task=task, methods=tuple(specs), limit=problems, seed=seed))
    found = await run.execute(watch)
    kept: dict[str, Measured] = {}
    for method in found.methods:
        trials = [found.trial(problem, method) for problem in found.problems]
        for trial in trials:
            if trial.score is None:
                raise UsageError(f"method {method.name} fails on a planted tree: {trial.error}")
        columns = [(trial.score, trial.cost.completion_tokens, trial.cost.passes) for trial in trials]
        kept[method.name] = Measured(*np.array(columns, dtype=np.float64).T)
    return kept


def tokens_to_reach(target: float, accuracies: Sequence[float], tokens: Sequence[float]) -> float | None:
    """The tokens at which a ladder first reaches an accuracy; None if it never does.

    Between two rungs accuracy is taken as linear in the logarithm of the tokens.

    Args:
        accuracies, tokens: of the rungs, in ascending order of tokens.

    >>> tokens_to_reach(0.5, [0.0, 1.0], [10.0, 1000.0]), tokens_to_reach(0.5, [0.1, 0.4], [10.0, 20.0])
    (100.0, None)
    """
    for place, accuracy in enumerate(accuracies):
        if accuracy >= target:
            if place == 0:
                return float(tokens[0])
            low, high = accuracies[place - 1], accuracy
            share = (target - low) / (high - low)
            return float(tokens[place - 1] ** (1 - share) * tokens[place] ** share)
    return None


def reach(target: float, rungs: Sequence[Measured], key: Key, *, resamples: int = 1000) -> Estimate:
    """`tokens_to_reach`, with a 95 % bootstrap interval over trees; a value or an end of None is "never"."""
    scores = np.stack([rung.scores for rung in rungs], axis=1)
    tokens = np.stack([rung.tokens for rung in rungs], axis=1)
    weights = bootstrap_weights(len(scores), key, resamples)
    resampled = zip((weights @ scores).tolist(), (weights @ tokens).tolist(), strict=True)
    found = [tokens_to_reach(target, *one) for one in resampled]
    ends = np.quantile([np.inf if one is None else one for one in found], [0.025, 0.975], method="nearest")
    low, high = (float(end) if np.isfinite(end) else None for end in ends)
    return Estimate(tokens_to_reach(target, scores.mean(axis=0).tolist(), tokens.mean(axis=0).tolist()), low, high)
