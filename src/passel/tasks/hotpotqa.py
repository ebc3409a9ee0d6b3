"""HotpotQA without its documents: questions of two hops (Yang et al. 2018, arXiv 1809.09600)."""

from __future__ import annotations

from passel.tasks.parts.kinds import TEXT
from passel.tasks.parts.plain_rows import question_and_answer
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["hotpotqa"]


def hotpotqa() -> Task:
    """HotpotQA: the 7405 dev questions without documents; right is an exact match of normalised text."""
    item = question_and_answer("question", "answer", TEXT, details={"type": "type"})
    hub = Hub("hotpotqa/hotpot_qa", "validation", "distractor")
    return task_from_rows("hotpotqa", "hotpotqa/dev_simplified.jsonl", item, hub)
