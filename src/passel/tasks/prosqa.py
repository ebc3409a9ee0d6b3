"""ProsQA: which of two concepts a thing is, over a graph of rules (Hao et al. 2024, Coconut, arXiv 2412.06769)."""

from __future__ import annotations

import re
from typing import Literal

from passel.tasks.parts.choices import choice_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.source import task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["prosqa"]

_PAIR = re.compile(r"Is (\w+) an? (\w+) or (?:an? )?(\w+)\?\s*$")


def prosqa(*, split: Literal["valid", "test"] = "test") -> Task:
    """ProsQA: 300 valid and 500 test questions, each with two concepts as options."""
    return task_from_rows("prosqa", f"prosqa/{split}.jsonl", _item)


def _item(index: int, row: Row) -> Item:
    pair = _PAIR.search(row["question"])
    assert pair, "every question of the set has this form"
    options = [f"{pair[1]} is a {concept}." for concept in pair.group(2, 3)]
    return choice_item(str(index), row["question"], options, options.index(row["answer"].strip()))
