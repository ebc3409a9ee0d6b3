"""PrOntoQA: chains of made-up concepts, five hops (Saparov and He 2022, arXiv 2210.01240)."""

from __future__ import annotations

from passel.tasks.parts.choices import statement
from passel.tasks.parts.source import make
from passel.tasks.parts.task import Task

__all__ = ["prontoqa"]


def prontoqa() -> Task:
    """The 500 statements of Logic-LM; True or False."""
    return make("prontoqa", "prontoqa/dev.jsonl", statement)
