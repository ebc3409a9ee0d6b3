"""AddSub: word problems of addition and subtraction (Hosseini et al. 2014); from MAWPS."""

from __future__ import annotations

from passel.tasks.parts.mawps import mawps
from passel.tasks.parts.task import Task

__all__ = ["addsub"]


def addsub() -> Task:
    """AddSub: 395 problems."""
    return mawps("addsub")
