"""FOLIO: natural-language reasoning with first-order logic (Han et al. 2022, arXiv 2209.00840)."""

from __future__ import annotations

from typing import Literal

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import TRUE_FALSE_UNKNOWN
from passel.tasks.parts.source import Hub, make
from passel.tasks.parts.task import Item, Task

__all__ = ["folio"]


def folio(*, split: Literal["train", "validation"] = "validation") -> Task:
    """FOLIO: does a conclusion follow (True), contradict (False) or neither (Unknown)? 1004 train, 204 validation."""
    return make("folio", f"folio/{split}.jsonl", _item, Hub("yale-nlp/FOLIO", split))


def _item(index: int, row: Row) -> Item:
    given = row["premises"].splitlines() if isinstance(row["premises"], str) else row["premises"]
    premises = [sentence.strip() for sentence in given]
    asked = f"Based on the above, is the following statement true, false, or unknown? {row['conclusion']}"
    question = "\n".join([*premises, asked])
    details = {"premises": premises, "conclusion": row["conclusion"].strip()}
    return Item(str(row.get("example_id", index)), question, row["label"], TRUE_FALSE_UNKNOWN, (), details)
