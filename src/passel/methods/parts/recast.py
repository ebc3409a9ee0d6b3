"""A flow whose asks of one role are made in another. A wrapper: flow in, flow out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from passel.core.flow import Flow, Op, Par, Round

__all__ = ["recast"]

T = TypeVar("T")


def recast(flow: Flow[T], before: str, after: str | None) -> Flow[T]:
    """The same flow; what it asks in the role `before` is asked in the role `after`. None: it stays as it is.

    >>> from passel.core.flow import draw
    >>> from passel.core.key import Key
    >>> from passel.core.play import play
    >>> play(recast(draw("Hello", key=Key(), role="judge"), "judge", "referee"), ["Hi"]).asks[0].role
    'referee'
    """
    step: Any = flow.send
    value: Any = None
    try:
        while True:
            op = _op(step(value), before, after or before)
            try:
                step, value = flow.send, (yield op)
            except Exception as error:
                step, value = flow.throw, error
    except StopIteration as end:
        return end.value
    finally:
        flow.close()


def _op(op: Op, before: str, after: str) -> Op:
    match op:
        case Round(asks):
            return replace(op, asks=tuple([replace(ask, role=after) if ask.role == before else ask for ask in asks]))
        case Par(flows):
            return Par(tuple([recast(child, before, after) for child in flows]))
        case _:
            return op
