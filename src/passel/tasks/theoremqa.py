"""TheoremQA: questions of university theorems (Chen et al. 2023, arXiv 2305.12524), those without a picture."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

from passel.core.problem import Answer
from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import LETTER, THINK_NUMBER, TRUE_FALSE, numeric
from passel.tasks.parts.numbers import close, number, number_key
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.stated import first_line, stated
from passel.tasks.parts.task import AnswerKind, Item, Task

__all__ = ["theoremqa"]

_RELATIVE_ERROR = 0.04  # as the authors' scorer allows
_LIST = re.compile(r"[\[(]([^\[\]()]*)[\])]")


def theoremqa() -> Task:
    """TheoremQA: the 747 of 800 questions without a picture.

    Answers are numbers (within 4 %, as the authors score), lists of numbers, True or False, or letters.
    """
    return task_from_rows("theoremqa", "theoremqa/test.jsonl", _item, Hub("TIGER-Lab/TheoremQA"))


def _item(index: int, row: Row) -> Item | None:
    if row.get("Picture") is not None:
        return None
    kind = _KINDS[row["Answer_type"]]
    gold = row["Answer"] if isinstance(row["Answer"], str) else json.dumps(row["Answer"])
    details: dict[str, Any] = {name: row[name] for name in ("theorem", "subfield", "field") if name in row}
    return Item(row.get("id", str(index)), row["Question"], gold, kind, details=details)


def _read_list(text: str) -> Answer | None:
    for part in [*(first_line(rest) for rest in stated(text)), text]:
        for found in reversed(_LIST.findall(part)):
            values = [number(cell) for cell in found.split(",")]
            if None not in values:
                return Answer(f"[{found}]", ",".join(number_key(value) for value in values if value is not None))
    return None


def _score_list(item: Item, answer: Answer | None) -> float | None:
    gold = _read_list(item.gold)
    if gold is None or answer is None:
        return None if gold is None else 0.0
    pair = [[number(cell) or Fraction(0) for cell in key.split(",")] for key in (gold.key, answer.key)]
    return float(len(pair[0]) == len(pair[1]) and all(close(g, a, _RELATIVE_ERROR) for g, a in zip(*pair, strict=True)))


_LISTS = AnswerKind(lambda _: _read_list, _score_list, 'Think step by step. End with "The answer is [N, N, ...]."')
_KINDS = {
    "integer": numeric(THINK_NUMBER.instruction, _RELATIVE_ERROR),
    "float": numeric(THINK_NUMBER.instruction, _RELATIVE_ERROR),
    "list of integer": _LISTS,
    "list of float": _LISTS,
    "bool": TRUE_FALSE,
    "option": LETTER,
}
