"""The result of a comparison, as plain values: the source of the table, the report, the JSON and the CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from passel.core.cost import Cost
from passel.estimators.estimate import Curve, Estimate
from passel.measure.verifier_row import VerifierRow
from passel.runs.trials import Trial

__all__ = ["Comparison", "Curve", "Estimate", "MethodRow", "ProblemRow", "VerifierRow"]


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method on the whole task.

    Args:
        name: as the user wrote it (`vote`, `vote:n=4`).
        accuracy: mean score over scored problems, with a bootstrap interval over problems.
        difference: paired difference in accuracy to the first method of the table; None for the first method.
        problems, scored, answered: numbers of problems that were run, that could be scored, that got an answer.
        failures: replies that failed, were cut at the length limit or withheld.
        cost: of the method without sharing, summed over problems.
        mean_cost: the same for one problem, as (tokens, dollars, passes, seconds, flops) by name.
        cost_of_pass: expected tokens, and dollars where the price is known, for one right answer (infinite: None).
        uses_gold: its verifier knows the gold answer, so that its accuracy is coverage and it selects nothing.
        stopped: number of problems that the budget ended.
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
    """One problem: its question, its gold answer, the trial of each method, and the scores of its samples.

    Args:
        samples: of the method with the most samples of every problem; None for a sample that could not be scored.
    """

    id: str
    question: str
    gold: str
    trials: Mapping[str, Trial]
    samples: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Methods compared on one task.

    Args:
        model, task, seed, sampling, roles, budget: what was run.
        methods: rows in the order in which the methods were given.
        curves: coverage, vote and best of k at every number of samples k, where methods drew several samples.
        problems: one row for each problem.
        paid: the cost of the run, with shared samples counted once.
        alone: the sum of the methods' costs without sharing.
        saved: share of passes, tokens and dollars that sharing samples saved, by name (0 to 1).
        price_known: whether the model has a price (else money is 0 and left out of tables and plots).
        wall_seconds: from start to end, over all processes that worked on the run.
        notes: sentences a reader should know (ended by the budget, unscored problems, failures).
        command: the command line that runs it again, or "".
        version: of Passel.
        verifiers: one row for each verifier that scored all samples of a method.
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
        """Names what was compared; `passel.as_text` writes the results."""
        methods = ", ".join(row.name for row in self.methods)
        return f"<Comparison of {methods} with {self.model} on {len(self.problems)} problems of {self.task}>"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)
