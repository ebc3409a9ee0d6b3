"""What a method returns when the budget ends while it works."""

from __future__ import annotations

from dataclasses import replace

from passel.core.flow import Flow, affordable
from passel.core.result import Result

__all__ = ["paid_for"]


def paid_for(flow: Flow[Result], best: Result = Result()) -> Flow[Result]:
    """The result of a flow that runs after something was paid for. If the budget ends it without a result, the best
    result so far (by default an empty one) takes its place, with stop="budget"."""
    result = yield from affordable(flow)
    return replace(best, stop="budget") if result is None else result
