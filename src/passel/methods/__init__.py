"""Methods: one file each, found by its file name. A method is a flow from a problem to a result."""

from __future__ import annotations

from typing import Any, Protocol

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.result import Result

__all__ = ["Method"]


class Method(Protocol):
    """`def name(problem, *, key, …) -> Flow[Result]`; what follows the key are its options, with defaults."""

    def __call__(self, problem: Problem, *, key: Key, **options: Any) -> Flow[Result]: ...
