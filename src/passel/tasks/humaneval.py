"""HumanEval: 164 Python functions to write from signature and docstring (Chen et al. 2021, arXiv 2107.03374)."""

from __future__ import annotations

from typing import Annotated

from passel.core.ranges import Log
from passel.sandbox.programs import AssertTests, docstring_examples
from passel.tasks.parts.code import code_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.humaneval_text import question, without_faulty
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["humaneval"]


def humaneval(*, seconds: Annotated[float, Log(0.5, 60)] = 5.0) -> Task:
    """HumanEval: right is a program that passes the hidden tests, each in `seconds` of processor time.

    The public tests are the examples in the docstring. The program can use the imports and helpers of the prompt, which
    it continues in the original.
    """

    def item(index: int, row: Row) -> Item:
        name, prompt = row["entry_point"], row["prompt"]
        hidden = AssertTests((f"{row['test']}\ncheck({name})",), prompt, name, seconds)
        public = without_faulty(row["task_id"], docstring_examples(prompt, name))
        gold = prompt + row["canonical_solution"]
        return code_item(row["task_id"], question(prompt), gold, hidden, public, prompt=prompt, entry_point=name)

    return task_from_rows("humaneval", "humaneval/HumanEval.jsonl", item, Hub("openai/openai_humaneval", "test"))
