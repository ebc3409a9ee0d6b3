"""SingleOp: word problems of one operation (Roy et al. 2015); from MAWPS."""

from __future__ import annotations

from passel.tasks.parts.mawps import mawps
from passel.tasks.parts.task import Task

__all__ = ["singleop"]


def singleop() -> Task:
    """SingleOp: 562 problems."""
    return mawps("singleop")
