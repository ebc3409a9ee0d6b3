"""CommonsenseQA: five options (Talmor et al. 2019, arXiv 1811.00937)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.choices import arc_item
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["commonsenseqa"]


def commonsenseqa(*, split: Literal["train", "dev"] = "dev") -> Task:
    """CommonsenseQA 1.11: 9741 train and 1221 dev questions (the answers of its test split are not public)."""
    hub = Hub("tau/commonsense_qa", {"dev": "validation"}.get(split, split))
    return task_from_rows("commonsenseqa", f"commonsenseqa/{split}.jsonl", arc_item, hub)
