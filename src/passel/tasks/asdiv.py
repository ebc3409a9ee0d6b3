"""ASDiv: diverse English word problems (Miao et al. 2020, arXiv 2106.15772)."""

from __future__ import annotations

import re

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import NUMBER, TEXT
from passel.tasks.parts.numbers import number
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["asdiv"]

_UNIT = re.compile(r"\s*\([^()]*\)$")  # 9 (apples)


def asdiv() -> Task:
    """ASDiv: 2305 problems. Answers that are not a number (names, times of day, pairs) are compared as text."""
    return task_from_rows("asdiv", "asdiv/asdiv.jsonl", _item, Hub("EleutherAI/asdiv", "validation"))


def _item(index: int, row: Row) -> Item:
    answer = row["answer"].strip()
    value = _UNIT.sub("", answer)
    gold, kind = (value, NUMBER) if number(value) is not None else (re.sub(r"\s*\([^()]*\)", "", answer), TEXT)
    details = {"type": row["solution_type"]}
    return Item(
        row.get("id", str(index)), f"{row['body'].strip()} {row['question'].strip()}", gold, kind, details=details
    )
