"""HumanEval+: HumanEval with many more tests (Liu et al. 2023, EvalPlus, arXiv 2305.01210)."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from passel.core.ranges import Log
from passel.sandbox.programs import OutputTests, Program, docstring_examples, single_tests
from passel.tasks.parts.code import code_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.humaneval_text import question, without_faulty
from passel.tasks.parts.source import DataSource, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["humaneval_plus"]

_FILES = {"mini": "HumanEvalPlus-Mini", "full": "HumanEvalPlus-NoExtreme"}


def humaneval_plus(
    *,
    inputs: Literal["mini", "full"] = "full",
    tests: Literal["examples", "base"] = "examples",
    seconds: Annotated[float, Log(0.5, 60)] = 4.0,
) -> Task:
    """HumanEval+: right is a program that returns what the reference program returns, on the base and the plus inputs.

    With `inputs=mini` there are fewer inputs, chosen by EvalPlus to tell about as many programs apart; `full` leaves
    out extreme inputs. With `tests=base` the public tests are those of HumanEval in place of the examples in the
    docstring: a weak verifier beside the hidden tests, as in Stroebl et al. 2024 (2411.17501).

    Differences from EvalPlus: `seconds` is processor time (EvalPlus: wall time, 4 s or four times that of the
    reference); a tolerance that an earlier float output introduced does not apply to later outputs; long outputs (4000
    characters of JSON) are compared exactly; outputs with no JSON form (iterators, matches) equal nothing.
    """

    @cache
    def original_tests() -> dict[str, str]:  # the mini file lacks them
        return {row["task_id"]: row["test"] for row in DataSource(("humaneval/HumanEval.jsonl",)).rows()}

    def item(index: int, row: Row) -> Item:
        name, prompt = row["entry_point"], row["prompt"]
        gold = prompt + row["canonical_solution"]
        calls = tuple(tuple(call) for call in [*row["base_input"], *row["plus_input"]])
        hidden = OutputTests(calls, Program(gold, prompt, name), float(row["atol"]), seconds)
        public = without_faulty(row["task_id"], docstring_examples(prompt, name))
        if tests == "base":
            public = single_tests(row.get("test") or original_tests()[row["task_id"]], name)
        return code_item(row["task_id"], question(prompt), gold, hidden, public, prompt=prompt, entry_point=name)

    return task_from_rows("humaneval_plus", f"evalplus/{_FILES[inputs]}.jsonl", item)
