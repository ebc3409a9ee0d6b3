"""GSM-Hard: GSM8K's test problems with large numbers (Gao et al. 2022, PAL, arXiv 2211.10435)."""

from __future__ import annotations

from passel.tasks.parts.kinds import NUMBER
from passel.tasks.parts.plain_rows import question_and_number
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Task

__all__ = ["gsm_hard"]


def gsm_hard() -> Task:
    """GSM-Hard: 1319 problems. Answers that are not whole may differ by 0.001, as in PAL."""
    hub = Hub("reasoning-machines/gsm-hard", "train")
    return task_from_rows("gsm_hard", "gsm_hard/gsmhardv2.jsonl", question_and_number("input", "target", NUMBER), hub)
