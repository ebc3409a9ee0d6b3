"""MBPP+: 378 problems of MBPP, mended, with many more tests (Liu et al. 2023, EvalPlus, arXiv 2305.01210)."""

from __future__ import annotations

from typing import Annotated, Literal

from passel.core.ranges import Log
from passel.sandbox.programs import OutputTests, Program
from passel.tasks.parts.code import code_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.mbpp_text import question
from passel.tasks.parts.mbpp_types import restored
from passel.tasks.parts.source import task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["mbpp_plus"]

_HUGE = {"Mbpp/255": 77}  # its output has 128 million elements, too many for the sandbox


def mbpp_plus(
    *, tests: Literal["examples", "base"] = "examples", seconds: Annotated[float, Log(0.5, 60)] = 4.0
) -> Task:
    """MBPP+: right is a program that returns what the reference program returns, on the base and the plus inputs.

    The question shows an assert, which is the public test. With `tests=base` the public tests are all asserts that
    EvalPlus has from MBPP. Outputs are compared as in `humaneval_plus`; some problems permit several outputs, and
    `are_equivalent` permits any. An input of Mbpp/255 is left out: its output needs gigabytes.
    """

    def item(index: int, row: Row) -> Item:
        name, number = row["entry_point"], int(row["task_id"].rpartition("/")[2])
        gold = row["canonical_solution"]
        lines = row["prompt"].replace('"""', "").strip().split("\n")
        shown = tuple(line for line in lines if line.startswith("assert"))
        text = " ".join(line for line in lines if line not in shown)
        calls = tuple(restored(number, call) for call in [*row["base_input"], *row["plus_input"]])
        if row["task_id"] in _HUGE:
            calls = tuple(call for call in calls if call[-1] != _HUGE[row["task_id"]])
        hidden = OutputTests(calls, Program(gold, "", name), float(row["atol"]), seconds)
        public = row["assertion"].strip().split("\n") if tests == "base" else shown
        public = tuple(f"import math\n{test}" if "math." in test else test for test in public)
        return code_item(row["task_id"], question(text, shown), gold, hidden, public, entry_point=name)

    return task_from_rows("mbpp_plus", "evalplus/MbppPlus.jsonl", item)
