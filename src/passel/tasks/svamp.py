"""SVAMP: variations of simple word problems (Patel et al. 2021, arXiv 2103.07191)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import NUMBER
from passel.tasks.parts.plain_rows import plain_number
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["svamp"]

_MIN_HELD_OUT = 701  # by id: chal-701 is row 700


def svamp(*, rows: Literal["all", "held_out"] = "all") -> Task:
    """SVAMP: 1000 problems; `held_out` selects rows 700 to 999, which passel-reasoner-135m was not trained on."""

    def item(index: int, row: Row) -> Item | None:
        if rows == "held_out" and int(row["ID"].removeprefix("chal-")) < _MIN_HELD_OUT:
            return None
        return _item(row)

    return task_from_rows("svamp", "svamp/svamp.jsonl", item, Hub("ChilleD/SVAMP", "train+test"))


def _item(row: Row) -> Item:
    body = row["Body"].strip()
    text = f"{body if body.endswith(('.', '?', '!', ',')) else body + '.'} {row['Question'].strip()}"
    question = text.replace("$ ", "$")  # the set writes "$ 16"; the adapter was trained on "$16"
    return Item(row["ID"], question, plain_number(row["Answer"]), NUMBER, details={"type": row["Type"]})
