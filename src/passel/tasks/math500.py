"""MATH-500: 500 test problems of MATH (Hendrycks et al. 2021, arXiv 2103.03874; Lightman et al. 2023, 2305.20050)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import MATH
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["math500"]

_Subject = Literal[
    "Algebra",
    "Counting & Probability",
    "Geometry",
    "Intermediate Algebra",
    "Number Theory",
    "Prealgebra",
    "Precalculus",
]


def math500(*, level: Literal[1, 2, 3, 4, 5] | None = None, subject: _Subject | None = None) -> Task:
    """MATH-500: 500 problems, or those of a level (1 easy to 5 hard) and a subject."""

    def item(index: int, row: Row) -> Item | None:
        details = {"level": int(str(row["level"]).removeprefix("Level ")), "subject": row["subject"]}
        if details["level"] != (level or details["level"]) or details["subject"] != (subject or details["subject"]):
            return None
        return Item(row["unique_id"], row["problem"], row["answer"], MATH, details=details, solution=row["solution"])

    return task_from_rows("math500", "math500/test.jsonl", item, Hub("HuggingFaceH4/MATH-500"))
