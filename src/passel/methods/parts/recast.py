"""A flow whose requests of one role are made in another role. A wrapper: flow in, flow out."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from passel.core.flow import Flow, Op, Round
from passel.core.steps import rewritten

__all__ = ["recast"]

T = TypeVar("T")


def recast(flow: Flow[T], before: str, after: str | None) -> Flow[T]:
    """The same flow with the requests of role `before` in role `after`; after=None changes nothing.

    >>> from passel.core.flow import sample
    >>> from passel.core.key import Key
    >>> from passel.core.play import play
    >>> play(recast(sample("Hello", key=Key(), role="judge"), "judge", "referee"), ["Hi"]).asks[0].role
    'referee'
    """
    return (yield from rewritten(flow, lambda op: _op(op, before, after or before)))


def _op(op: Op, before: str, after: str) -> Op:
    if not isinstance(op, Round):
        return op
    return replace(op, asks=tuple([replace(ask, role=after) if ask.role == before else ask for ask in op.asks]))
