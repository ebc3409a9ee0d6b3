"""Minerva's OCWCourses: university problems of science and engineering (Lewkowycz et al. 2022, arXiv 2206.14858)."""

from __future__ import annotations

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import MATH
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.stated import boxed
from passel.tasks.parts.task import Item, Task

__all__ = ["minerva_math"]


def minerva_math() -> Task:
    """Minerva's OCWCourses: 272 problems; the gold answer is in the box of the solution."""
    hub = Hub("math-ai/minervamath", fields={"problem": "question"})
    return task_from_rows("minerva_math", "minerva_math/test.jsonl", _item, hub)


def _item(index: int, row: Row) -> Item:
    gold = row.get("answer") or boxed(row["solution"]) or ""
    return Item(str(index), row["problem"], gold, MATH, details={"course": row.get("type", "")})
