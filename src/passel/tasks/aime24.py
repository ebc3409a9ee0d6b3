"""AIME 2024: 30 problems of the American Invitational Mathematics Examination; answers are whole numbers, 0 to 999."""

from __future__ import annotations

from passel.tasks.parts.kinds import BOXED_NUMBER
from passel.tasks.parts.plain_rows import question_and_answer
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["aime24"]


def aime24() -> Task:
    """AIME 2024, parts I and II: 30 problems."""
    item = question_and_answer("problem", "answer", BOXED_NUMBER, id="id")
    return task_from_rows("aime24", "aime_amc/aime24.jsonl", item, Hub("HuggingFaceH4/aime_2024", "train"))
