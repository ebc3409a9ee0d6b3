"""ProofWriter: rules and facts, five steps deep, open world (Tafjord et al. 2020, arXiv 2012.13048)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.choices import statement
from passel.tasks.parts.source import make
from passel.tasks.parts.task import Task

__all__ = ["proofwriter"]


def proofwriter(*, split: Literal["dev", "test"] = "test") -> Task:
    """The balanced sample of Logic-LM: 600 statements in each split; True, False or Unknown."""
    return make("proofwriter", f"proofwriter/{split}.jsonl", statement)
