"""PrOntoQA: chains of made-up concepts, five hops (Saparov and He 2022, arXiv 2210.01240)."""

from __future__ import annotations

from passel.tasks.parts.choices import logic_lm_statement
from passel.tasks.parts.source import task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["prontoqa"]


def prontoqa() -> Task:
    """PrOntoQA: the 500 statements of Logic-LM, True or False."""
    return task_from_rows("prontoqa", "prontoqa/dev.jsonl", logic_lm_statement)
