"""Logical deduction of BIG-bench (Srivastava et al. 2022, arXiv 2206.04615): the order of three to seven things."""

from __future__ import annotations

from passel.tasks.parts.choices import logic_lm_item
from passel.tasks.parts.source import task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["logical_deduction"]


def logical_deduction() -> Task:
    """Logical deduction: the 300 problems of Logic-LM, with 3 to 7 options."""
    return task_from_rows("logical_deduction", "logical_deduction/dev.jsonl", logic_lm_item)
