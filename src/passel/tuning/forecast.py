"""A forecast: the accuracy and the cost of methods on planted trees, under given assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.estimators.estimate import Estimate
from passel.estimators.intervals import mean_interval
from passel.runs.run_progress import RunProgress
from passel.tuning.assumptions import Assumptions
from passel.tuning.ladders import ladder
from passel.tuning.reach import Measured, measured, reach

__all__ = ["METHODS", "Forecast", "MethodForecast", "Rung", "forecast"]

METHODS = ("best_of", "beam", "step_best_of", "a_star", "particle_filter", "mcts")
TIMES = (1, 2, 4, 8, 16, 32)
"""Default budgets, in multiples of the tokens of a solution."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A method in one size: its accuracy with an interval over trees, mean generated tokens and mean passes."""

    spec: str
    accuracy: Estimate
    tokens: float
    passes: float


@dataclass(frozen=True, slots=True)
class MethodForecast:
    """A method in all its sizes, the smallest first, and the tokens a problem at which it reaches the target."""

    method: str
    rungs: tuple[Rung, ...]
    reach: Estimate

    def within(self, budget: float) -> Rung | None:
        """The largest size whose mean tokens are within the budget; None if the smallest size needs more."""
        fitting = [rung for rung in self.rungs if rung.tokens <= budget]
        return max(fitting, key=lambda rung: rung.tokens, default=None)


@dataclass(frozen=True, slots=True, repr=False)
class Forecast:
    """The simulated accuracy and cost of methods.

    Args:
        target: the accuracy whose cost `MethodForecast.reach` is.
        budgets: generated tokens a problem, ascending.
        notes: the origin of each assumption that was read from a pilot.
    """

    assumptions: Assumptions
    problems: int
    seed: int
    target: float
    budgets: tuple[float, ...]
    methods: tuple[MethodForecast, ...]
    notes: tuple[str, ...] = ()

    def cheapest(self) -> MethodForecast | None:
        """The method that reaches the target with the fewest tokens; None if no method reaches it."""
        reaching = [row for row in self.methods if row.reach.value is not None]
        return min(reaching, key=lambda row: row.reach.value or 0.0, default=None)

    def __repr__(self) -> str:
        """Names what was simulated; `passel.as_text` writes the results."""
        methods = ", ".join(row.method for row in self.methods)
        return f"<Forecast of {methods} on {self.problems} planted trees>"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `within` holds the largest size within each budget."""
        data = asdict(self)
        for row, one in zip(data["methods"], self.methods, strict=True):
            bought = [(budget, one.within(budget)) for budget in self.budgets]
            row["within"] = [{"budget": budget, "spec": rung.spec if rung else None} for budget, rung in bought]
        return data


async def forecast(
    assumed: Assumptions,
    methods: Sequence[str] = METHODS,
    *,
    problems: int = 50,
    budgets: Sequence[float] = (),
    target: float = 0.5,
    seed: int = 0,
    notes: Sequence[str] = (),
    watch: RunProgress | None = None,
) -> Forecast:
    """Runs methods, each in several sizes, on planted trees.

    Args:
        problems: number of trees; the intervals are over trees.
        budgets: generated tokens a problem; default: of 1 to 32 solutions.
        seed: of the trees, the samples and the verifier's errors.

    Raises:
        UsageError: a method that is unknown or cannot be simulated, or a number outside its range.
    """
    if problems < 1 or not 0.0 < target <= 1.0 or any(not budget > 0 for budget in budgets):
        raise UsageError(
            "a forecast needs problems >= 1, 0 < target <= 1 and budgets > 0; "
            f"got {problems}, {target}, {list(budgets)}"
        )
    ladders = {method: ladder(method) for method in methods}
    specs = list(dict.fromkeys(spec for rungs in ladders.values() for spec in rungs))
    model = assumed.model(seed)
    found = await measured(specs, model=model, task=assumed.task, problems=problems, seed=seed, watch=watch)
    key = Key(seed) / "bootstrap"
    rows = [_row(method, {spec: found[spec] for spec in rungs}, target, key) for method, rungs in ladders.items()]
    limits = sorted(set(budgets)) or [float(times * assumed.steps * assumed.tokens) for times in TIMES]
    return Forecast(assumed, problems, seed, target, tuple(limits), tuple(rows), tuple(notes))


def _row(method: str, found: dict[str, Measured], target: float, key: Key) -> MethodForecast:
    rungs = [
        Rung(spec, Estimate(*mean_interval(one.scores, key)), float(one.tokens.mean()), float(one.passes.mean()))
        for spec, one in found.items()
    ]
    return MethodForecast(method, tuple(rungs), reach(target, list(found.values()), key))
