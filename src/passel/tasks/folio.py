"""FOLIO: natural-language reasoning with first-order logic (Han et al. 2022, arXiv 2209.00840)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import TRUE_FALSE_UNKNOWN
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["folio"]


def folio(*, split: Literal["train", "validation"] = "validation") -> Task:
    """FOLIO: 1004 train and 204 validation problems, each with premises and a conclusion.

    The conclusion follows from the premises (True), contradicts them (False), or neither (Unknown).
    """
    return task_from_rows("folio", f"folio/{split}.jsonl", _item, Hub("yale-nlp/FOLIO", split))


def _item(index: int, row: Row) -> Item:
    sentences = row["premises"].splitlines() if isinstance(row["premises"], str) else row["premises"]
    premises = [sentence.strip() for sentence in sentences]
    last = f"Based on the above, is the following statement true, false, or unknown? {row['conclusion']}"
    question = "\n".join([*premises, last])
    details = {"premises": premises, "conclusion": row["conclusion"].strip()}
    return Item(str(row.get("example_id", index)), question, row["label"], TRUE_FALSE_UNKNOWN, (), details)
