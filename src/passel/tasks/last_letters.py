"""Last letters: join the last letters of four words (Wei et al. 2022, arXiv 2201.11903)."""

from __future__ import annotations

from passel.tasks.parts.kinds import EXACT
from passel.tasks.parts.plain_rows import question_and_answer
from passel.tasks.parts.source import task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["last_letters"]


def last_letters() -> Task:
    """Last letters: the 500 problems of zero-shot chain of thought (Kojima et al. 2022, arXiv 2205.11916)."""
    return task_from_rows(
        "last_letters", "symbolic/last_letters.jsonl", question_and_answer("question", "answer", EXACT)
    )
