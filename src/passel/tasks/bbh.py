"""BIG-Bench Hard: 27 tasks of BIG-bench (Suzgun et al. 2022, arXiv 2210.09261)."""

from __future__ import annotations

import re
from typing import Literal

from passel.reading.kinds.numerals import number
from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import LETTER, SYMBOLS, TEXT, THINK_NUMBER, TRUE_FALSE, YES_NO, labels
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import AnswerKind, Item, Task

__all__ = ["bbh"]

_Name = Literal[
    "all",
    "boolean_expressions",
    "causal_judgement",
    "date_understanding",
    "disambiguation_qa",
    "dyck_languages",
    "formal_fallacies",
    "geometric_shapes",
    "hyperbaton",
    "logical_deduction_five_objects",
    "logical_deduction_seven_objects",
    "logical_deduction_three_objects",
    "movie_recommendation",
    "multistep_arithmetic_two",
    "navigate",
    "object_counting",
    "penguins_in_a_table",
    "reasoning_about_colored_objects",
    "ruin_names",
    "salient_translation_error_detection",
    "snarks",
    "sports_understanding",
    "temporal_sequences",
    "tracking_shuffled_objects_five_objects",
    "tracking_shuffled_objects_seven_objects",
    "tracking_shuffled_objects_three_objects",
    "web_of_lies",
    "word_sorting",
]
_OPTION = re.compile(r"^\(([A-Z])\) ?(.*)$", re.MULTILINE)
_LETTER = re.compile(r"\([A-Z]\)")
_VALID = labels(
    {"valid": "valid", "invalid": "invalid"},
    {"valid": "invalid", "invalid": "valid"},
    'Think step by step. End with "The answer is valid." or "The answer is invalid."',
)


def bbh(*, task: _Name = "all") -> Task:
    """BIG-Bench Hard: all 6511 problems, or those of one of its 27 tasks. Each task has its own kind of answer."""

    def item(index: int, row: Row) -> Item | None:
        name, target = row.get("task", task), row["target"].strip()
        if task not in ("all", name):
            return None
        kind = _kind(name, target)
        options = tuple(text.strip() for _, text in _OPTION.findall(row["input"])) if kind is LETTER else ()
        number_in_task = row.get("idx", index)
        return Item(f"{name}/{number_in_task}", row["input"], target, kind, options, {"task": name})

    hub = Hub("lukaemon/bbh", "test", task) if task != "all" else None
    return task_from_rows("bbh", "bbh/bbh.jsonl", item, hub)


def _kind(name: str, target: str) -> AnswerKind:
    if _LETTER.fullmatch(target):
        return LETTER
    if name == "dyck_languages":
        return SYMBOLS
    words = {"yes": YES_NO, "no": YES_NO, "true": TRUE_FALSE, "false": TRUE_FALSE, "valid": _VALID, "invalid": _VALID}
    return words.get(target.lower(), TEXT if number(target) is None else THINK_NUMBER)
