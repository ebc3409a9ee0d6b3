"""What a comparison found, as plain values: the one source of the table, the report, the JSON and the CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from passel.core.cost import Cost
from passel.estimators.estimate import Curve, Estimate
from passel.estimators.verifiers.row import VerifierRow
from passel.runs.trials import Trial

__all__ = ["Comparison", "Curve", "Estimate", "MethodRow", "ProblemRow", "VerifierRow"]


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method on the whole task.

    Args:
        name: as the user wrote it (`vote`, `vote:n=4`).
        accuracy: mean score over scored problems, with a bootstrap interval over problems.
        difference: paired difference in accuracy to the first method of the table; None for that one itself.
        problems, scored, answered: how many were run, could be scored, and got an answer.
        failures: replies that failed, were cut at the length limit or withheld.
        cost: what the method takes alone, its shared draws counted in full, summed over problems.
        mean_cost: the same for one problem, as (tokens, dollars, passes, seconds, flops) by name.
        cost_of_pass: expected tokens, and dollars where priced, for one right answer (infinite: None).
        uses_gold: its automatic verifier knows the gold answer, so its accuracy is coverage, not a selection.
        stopped: problems that the budget ended.
    """

    name: str
    accuracy: Estimate
    difference: Estimate | None
    problems: int
    scored: int
    answered: int
    failures: int
    cost: Cost
    mean_cost: Mapping[str, float]
    cost_of_pass: Mapping[str, float | None]
    uses_gold: bool = False
    stopped: int = 0


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One problem: what was asked, what is right, what each method said, and the scores of the pool's draws."""

    id: str
    question: str
    gold: str
    trials: Mapping[str, Trial]
    draws: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """A whole comparison.

    Args:
        model, task, seed, sampling, roles, budget: what was run.
        methods: rows in the order they were asked for.
        curves: coverage@k, vote@k, best_of@k, where a pool of draws was made.
        problems: one row a problem.
        paid: what the run really took, shared draws once.
        alone: the sum of what the methods take each alone.
        saved: share of passes, tokens and dollars that sharing the pool saved, by name (0 to 1).
        price_known: whether the model has a price (else money is 0 and left out of tables and plots).
        wall_seconds: from start to end, over all sessions that worked on the run.
        notes: sentences a reader should know (stopped by the budget, unscored problems, failures).
        command: the command line that runs it again, where there is one.
        version: of Passel.
        verifiers: one row for each verifier that scored a whole pool of draws.
    """

    model: str
    task: str
    seed: int
    methods: tuple[MethodRow, ...]
    problems: tuple[ProblemRow, ...]
    curves: tuple[Curve, ...] = ()
    paid: Cost = Cost()
    alone: Cost = Cost()
    saved: Mapping[str, float] = field(default_factory=dict[str, float])
    sampling: Mapping[str, Any] = field(default_factory=dict[str, Any])
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    budget: Mapping[str, float] = field(default_factory=dict[str, float])
    price_known: bool = False
    wall_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    command: str = ""
    version: str = ""
    verifiers: tuple[VerifierRow, ...] = ()

    def __repr__(self) -> str:
        """What was compared; `passel.as_text` writes what was found."""
        methods = ", ".join(row.name for row in self.methods)
        return f"<Comparison of {methods} with {self.model} on {len(self.problems)} problems of {self.task}>"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)
