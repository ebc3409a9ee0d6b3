"""Coin flip: is the coin still heads up after some people flip it (Wei et al. 2022, arXiv 2201.11903)."""

from __future__ import annotations

from passel.tasks.parts.kinds import YES_NO
from passel.tasks.parts.plain_rows import question_and_answer
from passel.tasks.parts.source import task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["coin_flip"]


def coin_flip() -> Task:
    """Coin flip: the 500 problems of zero-shot chain of thought (Kojima et al. 2022, arXiv 2205.11916)."""
    return task_from_rows("coin_flip", "symbolic/coin_flip.jsonl", question_and_answer("question", "answer", YES_NO))
