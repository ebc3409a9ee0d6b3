"""The four sets of MAWPS (Koncel-Kedziorski et al. 2016) in the form of PAL (Gao et al. 2022, arXiv 2211.10435)."""

from __future__ import annotations

from passel.tasks.parts.kinds import NUMBER
from passel.tasks.parts.plain_rows import question_and_number
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["mawps"]


def mawps(name: str, hub: Hub | None = None) -> Task:
    """The set of this name."""
    return task_from_rows(name, f"mawps/{name}.jsonl", question_and_number("input", "target", NUMBER), hub)
