"""Logical deduction of BIG-bench (Srivastava et al. 2022, arXiv 2206.04615): the order of three to seven things."""

from __future__ import annotations

from passel.tasks.parts.choices import logic
from passel.tasks.parts.source import make
from passel.tasks.parts.task import Task

__all__ = ["logical_deduction"]


def logical_deduction() -> Task:
    """The 300 problems of Logic-LM, with 3 to 7 options."""
    return make("logical_deduction", "logical_deduction/dev.jsonl", logic)
