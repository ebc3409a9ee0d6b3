"""MBPP: short Python functions from one sentence and three asserts (Austin et al. 2021, arXiv 2108.07732)."""

from __future__ import annotations

from typing import Annotated, Literal

from passel.core.ranges import Log
from passel.sandbox.programs import AssertTests
from passel.tasks.parts.code import code_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.mbpp_text import called, public_tests, question
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["mbpp"]

_SPLITS = {"prompt": (1, 10), "test": (11, 510), "validation": (511, 600), "train": (601, 974)}


def mbpp(
    *,
    split: Literal["test", "validation", "train", "prompt"] = "test",
    seconds: Annotated[float, Log(0.5, 60)] = 5.0,
) -> Task:
    """MBPP: 500 test, 90 validation, 374 train and 10 prompt problems; tests have `seconds` of processor time each.

    The three asserts of a problem are part of its question, as in the paper, and so are its public tests; the paper's
    three worked problems before it are left out. Right is a program that passes the asserts and the challenge tests,
    which 11 of the test problems have and which are not shown; the paper scores by the three asserts only.
    """
    first, last = _SPLITS[split]

    def item(index: int, row: Row) -> Item | None:
        if not first <= row["task_id"] <= last:
            return None
        public = public_tests(row, row["test_list"])
        hidden = AssertTests((*public, *public_tests(row, row["challenge_test_list"])), "", "", seconds)
        text = question(row["text"], row["test_list"])
        gold = row["code"].replace("\r\n", "\n")
        return code_item(str(row["task_id"]), text, gold, hidden, public, entry_point=called(gold, public))

    return task_from_rows("mbpp", "mbpp/mbpp.jsonl", item, Hub("google-research-datasets/mbpp", split, "full"))
