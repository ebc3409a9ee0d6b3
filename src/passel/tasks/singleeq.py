"""SingleEq: word problems of one equation (Koncel-Kedziorski et al. 2015); from MAWPS."""

from __future__ import annotations

from passel.tasks.parts.mawps import mawps
from passel.tasks.parts.task import Task

__all__ = ["singleeq"]


def singleeq() -> Task:
    """SingleEq: 508 problems."""
    return mawps("singleeq")
