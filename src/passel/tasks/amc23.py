"""AMC 2023: 40 problems of the American Mathematics Competitions, changed so that answers are whole numbers."""

from __future__ import annotations

from passel.tasks.parts.kinds import BOXED_NUMBER
from passel.tasks.parts.plain_rows import question_and_number
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["amc23"]


def amc23() -> Task:
    """AMC 2023: 40 problems, changed so that answers are whole numbers."""
    item = question_and_number("question", "answer", BOXED_NUMBER)
    return task_from_rows("amc23", "aime_amc/amc23.jsonl", item, Hub("math-ai/amc23"))
