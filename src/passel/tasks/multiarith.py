"""MultiArith: word problems of several steps (Roy and Roth 2015); from MAWPS."""

from __future__ import annotations

from passel.tasks.parts.mawps import mawps
from passel.tasks.parts.source import Hub
from passel.tasks.parts.task import Task

__all__ = ["multiarith"]


def multiarith() -> Task:
    """MultiArith: 600 problems."""
    return mawps(
        "multiarith",
        Hub("ChilleD/MultiArith", "train+test", fields={"input": "question", "target": "final_ans"}),
    )
