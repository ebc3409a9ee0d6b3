"""Passel: many passes, one answer.

Inference-time compute for language models: run any method over any model, measure what each pass bought.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from passel.api import Solution, compare, plan, solve, solve_async, sweep, verify
    from passel.core.ask import Sampling
    from passel.core.cost import Budget, Cost
    from passel.core.errors import PasselError
    from passel.core.problem import Answer, Problem
    from passel.drafting import Drafter, Suggestion, draft
    from passel.measure.comparison import Comparison
    from passel.measure.plan import Plan
    from passel.measure.planning import Assumptions, Forecast
    from passel.measure.run import Run
    from passel.training.parts.session import Trained, train

_HOMES = {
    "Answer": "core.problem",
    "Assumptions": "measure.planning",
    "Budget": "core.cost",
    "Comparison": "measure.comparison",
    "Cost": "core.cost",
    "Drafter": "drafting",
    "Forecast": "measure.planning",
    "PasselError": "core.errors",
    "Plan": "measure.plan",
    "Problem": "core.problem",
    "Run": "measure.run",
    "Sampling": "core.ask",
    "Solution": "api",
    "Suggestion": "drafting",
    "Trained": "training.parts.session",
    "compare": "api",
    "draft": "drafting",
    "plan": "api",
    "solve": "api",
    "solve_async": "api",
    "sweep": "api",
    "train": "training.parts.session",
    "verify": "api",
}

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Assumptions",
    "Budget",
    "Comparison",
    "Cost",
    "Drafter",
    "Forecast",
    "PasselError",
    "Plan",
    "Problem",
    "Run",
    "Sampling",
    "Solution",
    "Suggestion",
    "Trained",
    "compare",
    "draft",
    "plan",
    "solve",
    "solve_async",
    "sweep",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Loads a public name on first use, so that `import passel` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'passel' has no attribute {name!r}")
    return getattr(import_module(f"passel.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
