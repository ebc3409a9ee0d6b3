"""A method whose generator draws with given sampling parameters. A wrapper: method in, method out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from passel.core.ask import Ask, Generate, Sampling
from passel.core.flow import Flow, Op, Par, Round
from passel.core.key import Key
from passel.core.needs import needs_of
from passel.core.options import parameters
from passel.core.problem import Problem

__all__ = ["sampled"]

T = TypeVar("T")


def sampled(method: Any, sampling: Sampling, role: str = "generator") -> Any:
    """The same method; what it generates in this role is drawn with these parameters where it sets none itself."""

    def made(problem: Problem, *, key: Key) -> Flow[Any]:
        return _rewritten(method(problem, key=key), sampling, role)

    made.__name__ = getattr(method, "__name__", "method")
    own = {name: default for name, (_, default) in parameters(method).items()}
    made.__needs__ = needs_of(method, own)  # type: ignore[attr-defined]
    return made


def _rewritten(flow: Flow[T], sampling: Sampling, role: str) -> Flow[T]:
    step: Any = flow.send
    value: Any = None
    try:
        while True:
            op = _op(step(value), sampling, role)
            try:
                step, value = flow.send, (yield op)
            except Exception as error:
                step, value = flow.throw, error
    except StopIteration as end:
        return end.value
    finally:
        flow.close()


def _op(op: Op, sampling: Sampling, role: str) -> Op:
    match op:
        case Round(asks):
            return replace(op, asks=tuple([_ask(ask, sampling, role) for ask in asks]))
        case Par(flows):
            return Par(tuple([_rewritten(child, sampling, role) for child in flows]))
        case _:
            return op


def _ask(ask: Ask, sampling: Sampling, role: str) -> Ask:
    if isinstance(ask, Generate) and ask.role == role:
        return replace(ask, sampling=ask.sampling.over(sampling))
    return ask
