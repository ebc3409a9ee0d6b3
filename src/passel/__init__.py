"""Passel: many passes, one answer.

Inference-time compute for language models: run any method over any model, measure what each pass bought.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from passel.core.version import __version__ as __version__

if TYPE_CHECKING:
    from passel.api.as_text import as_text
    from passel.api.compare import compare, sweep, verify
    from passel.api.draft import Drafter, Suggestion, draft
    from passel.api.forecast import forecast
    from passel.api.solve import Solution, solve, solve_async
    from passel.api.train import Trained, train
    from passel.core.ask import Sampling
    from passel.core.cost import Budget, Cost
    from passel.core.errors import PasselError
    from passel.core.problem import Answer, Problem
    from passel.measure.comparison import Comparison
    from passel.runs.plan import Plan
    from passel.runs.run import Run
    from passel.tuning import Assumptions, Forecast

_HOMES = {
    "Answer": "core.problem",
    "Assumptions": "tuning",
    "Budget": "core.cost",
    "Comparison": "measure.comparison",
    "Cost": "core.cost",
    "Drafter": "api.draft",
    "Forecast": "tuning",
    "PasselError": "core.errors",
    "Plan": "runs.plan",
    "Problem": "core.problem",
    "Run": "runs.run",
    "Sampling": "core.ask",
    "Solution": "api.solve",
    "Suggestion": "api.draft",
    "Trained": "api.train",
    "as_text": "api.as_text",
    "compare": "api.compare",
    "draft": "api.draft",
    "forecast": "api.forecast",
    "solve": "api.solve",
    "solve_async": "api.solve",
    "sweep": "api.compare",
    "train": "api.train",
    "verify": "api.compare",
}

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
    "as_text",
    "compare",
    "draft",
    "forecast",
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
