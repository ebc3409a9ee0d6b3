"""ProofWriter: rules and facts, five steps deep, open world (Tafjord et al. 2020, arXiv 2012.13048)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.choices import logic_lm_statement
from passel.tasks.parts.source import task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["proofwriter"]


def proofwriter(*, split: Literal["dev", "test"] = "test") -> Task:
    """ProofWriter: the balanced selection of Logic-LM, 600 statements in each split, True, False or Unknown."""
    return task_from_rows("proofwriter", f"proofwriter/{split}.jsonl", logic_lm_statement)
