"""OlympiadBench: olympiad problems (He et al. 2024, arXiv 2402.14008), mathematics in English without pictures."""

from __future__ import annotations

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import MATH
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["olympiadbench"]


def olympiadbench() -> Task:
    """OlympiadBench: the 675 problems of OE_TO_maths_en_COMP, which have a final answer."""
    hub = Hub("Hothan/OlympiadBench", "train", "OE_TO_maths_en_COMP")
    return task_from_rows("olympiadbench", "olympiadbench/test.jsonl", _item, hub)


def _item(index: int, row: Row) -> Item:
    question = "\n".join(filter(None, [row.get("context"), row["question"]]))
    return Item(str(row["id"]), question, row["final_answer"][0], MATH, details={"subfield": row["subfield"]})
