"""AIME 2025: 30 problems of the American Invitational Mathematics Examination; answers are whole numbers, 0 to 999."""

from __future__ import annotations

from passel.tasks.parts.kinds import BOXED_NUMBER
from passel.tasks.parts.plain_rows import question_and_answer
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["aime25"]


def aime25() -> Task:
    """AIME 2025, parts I and II: 30 problems."""
    files = ("aime_amc/aime25_I.jsonl", "aime_amc/aime25_II.jsonl")
    return task_from_rows(
        "aime25", files, question_and_answer("problem", "answer", BOXED_NUMBER, id="id"), Hub("math-ai/aime25")
    )
