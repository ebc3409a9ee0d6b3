"""A method whose generator has given sampling parameters. A wrapper: method in, method out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from passel.core.ask import Ask, Generate, Sampling
from passel.core.flow import Flow, Op, Round
from passel.core.key import Key
from passel.core.needs import needs_of
from passel.core.options import parameters
from passel.core.problem import Problem
from passel.core.steps import rewritten

__all__ = ["sampled"]


def sampled(method: Any, sampling: Sampling, role: str = "generator") -> Any:
    """The same method with these sampling parameters for the texts of this role, wherever it sets none itself."""

    def made(problem: Problem, *, key: Key) -> Flow[Any]:
        return rewritten(method(problem, key=key), lambda op: _op(op, sampling, role))

    made.__name__ = getattr(method, "__name__", "method")
    own = {name: default for name, (_, default) in parameters(method).items()}
    made.__needs__ = needs_of(method, own)  # type: ignore[attr-defined]
    return made


def _op(op: Op, sampling: Sampling, role: str) -> Op:
    return replace(op, asks=tuple([_ask(ask, sampling, role) for ask in op.asks])) if isinstance(op, Round) else op


def _ask(ask: Ask, sampling: Sampling, role: str) -> Ask:
    if isinstance(ask, Generate) and ask.role == role:
        return replace(ask, sampling=ask.sampling.over(sampling))
    return ask
