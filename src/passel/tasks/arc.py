"""ARC: questions of school science (Clark et al. 2018, arXiv 1803.05457)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.choices import arc_item
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["arc"]


def arc(
    *, difficulty: Literal["challenge", "easy"] = "challenge", split: Literal["train", "dev", "test"] = "test"
) -> Task:
    """ARC: questions of school science, the challenge set or the easy set."""
    level = f"ARC-{difficulty.capitalize()}"
    hub = Hub("allenai/ai2_arc", {"dev": "validation"}.get(split, split), level)
    return task_from_rows("arc", f"arc/{level}-{split.capitalize()}.jsonl", arc_item, hub)
