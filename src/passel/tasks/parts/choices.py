"""Multiple-choice items, from the rows of several benchmarks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from string import ascii_uppercase
from typing import Any, cast

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import LETTER
from passel.tasks.parts.letters import with_options
from passel.tasks.parts.task import Item

__all__ = ["arc_item", "choice_item", "logic_lm_item", "logic_lm_statement"]


def choice_item(
    name: str, question: str, options: Sequence[str], right: int, details: Mapping[str, Any] | None = None
) -> Item:
    """An item whose gold answer is the letter of the option at index `right`. The question shows the options."""
    stripped = tuple(option.strip() for option in options)
    return Item(name, with_options(question, stripped), ascii_uppercase[right], LETTER, stripped, details or {})


def arc_item(index: int, row: Row) -> Item | None:
    """A row of ARC or CommonsenseQA, in the form of their files or of the hub (where the row itself holds the stem and
    the choices, as columns). Labels may be digits: the answer is a letter all the same. None for a row without a key.
    """
    flat = isinstance(row["question"], str)
    stem, choices = (row["question"], row["choices"]) if flat else (row["question"]["stem"], row["question"]["choices"])
    columns = (
        cast(Mapping[str, list[str]], choices)
        if flat
        else {name: [option[name] for option in choices] for name in ("label", "text")}
    )
    if row.get("answerKey", "") not in columns["label"]:
        return None
    return choice_item(row["id"], stem, columns["text"], columns["label"].index(row["answerKey"]))


def logic_lm_item(index: int, row: Row) -> Item:
    """A row in the form of Logic-LM (Pan et al. 2023, arXiv 2305.12295): a context, a question, options "A) …"."""
    options = [option.partition(")")[2] for option in row["options"]]
    return choice_item(
        row["id"], f"{row['context'].strip()}\n{row['question']}", options, ascii_uppercase.index(row["answer"])
    )


def logic_lm_statement(index: int, row: Row) -> Item:
    """As `logic_lm_item`, for a question that ends in a statement to be judged. The details hold the sentences of the
    context as `premises` and the statement as `conclusion`.
    """
    premises = re.split(r"(?<=[.!?])\s+", row["context"].strip())
    return replace(
        logic_lm_item(index, row),
        details={"premises": premises, "conclusion": row["question"].rpartition("?")[2].strip()},
    )
