"""A forecast: how right methods are, at which cost, on trees of which everything is assumed."""

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
"""Budgets where none are given, in solutions: of so many tokens as a solution has."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A method in one size: its accuracy with an interval over trees, and the tokens it generates and the passes it
    makes for a problem on average."""

    spec: str
    accuracy: Estimate
    tokens: float
    passes: float


@dataclass(frozen=True, slots=True)
class MethodForecast:
    """A method in all its sizes, the smallest first, and the tokens a problem that make it as right as was asked."""

    method: str
    rungs: tuple[Rung, ...]
    reach: Estimate

    def within(self, budget: float) -> Rung | None:
        """The largest size that takes no more than so many tokens on average; None if the smallest takes more."""
        fitting = [rung for rung in self.rungs if rung.tokens <= budget]
        return max(fitting, key=lambda rung: rung.tokens, default=None)


@dataclass(frozen=True, slots=True, repr=False)
class Forecast:
    """What the chosen methods come to under assumptions.

    Args:
        target: the accuracy that `MethodForecast.reach` is the price of.
        budgets: generated tokens a problem, ascending.
        notes: where an assumption came from, if not from the user.
    """

    assumptions: Assumptions
    problems: int
    seed: int
    target: float
    budgets: tuple[float, ...]
    methods: tuple[MethodForecast, ...]
    notes: tuple[str, ...] = ()

    def cheapest(self) -> MethodForecast | None:
        """The method that comes to the target at the fewest tokens; None if none does."""
        there = [one for one in self.methods if one.reach.value is not None]
        return min(there, key=lambda one: one.reach.value or 0.0, default=None)

    def __repr__(self) -> str:
        """What was simulated; `passel.as_text` writes what was found."""
        methods = ", ".join(row.method for row in self.methods)
        return f"<Forecast of {methods} on {self.problems} planted trees>"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, with what each budget buys in `within`."""
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
        problems: trees; the intervals are over them.
        budgets: generated tokens a problem; default: of 1 to 32 solutions.
        seed: of the trees, the draws and the verifier's errors.

    Raises UsageError for a method that is unknown or not to be simulated, and for numbers that make no sense.
    """
    if problems < 1 or not 0.0 < target <= 1.0 or any(not budget > 0 for budget in budgets):
        raise UsageError(
            f"a plan needs problems >= 1, 0 < target <= 1 and budgets > 0; got {problems}, {target}, {list(budgets)}"
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
