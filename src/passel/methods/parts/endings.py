"""What a method returns when its budget ends while it works."""

from __future__ import annotations

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow
from passel.core.result import Result

__all__ = ["paid_for"]


def paid_for(flow: Flow[Result], best: Result = Result()) -> Flow[Result]:
    """A flow after something was paid for: where the budget ends it without a result, the best so far takes its place
    (by default none), with stop="budget"."""
    try:
        return (yield from flow)
    except OutOfBudget:
        return Result(best.answer, best.text, best.confidence, best.candidates, "budget", best.info)
