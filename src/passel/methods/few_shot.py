"""Few-shot prompting: worked examples before the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast

from passel.core.ask import Message
from passel.core.errors import UsageError
from passel.core.flow import Flow, call
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result
from passel.methods import Inner
from passel.methods.parts.endings import paid_for
from passel.methods.single import single
from passel.tasks import plain_solution, read_rows

__all__ = ["few_shot"]

SOLUTIONS = ("solution", "answer")
"""Columns of a file that may hold the solution; the first that the file has counts."""


def _asks_the_task(options: Mapping[str, Any]) -> Mapping[str, str]:
    return {} if options["examples"] else {"tool": "examples"}


@needs(generator="text", also=_asks_the_task)
def few_shot(
    problem: Problem, *, key: Key, method: Inner = single, k: Annotated[int, Log(1, 32)] = 8, examples: str = ""
) -> Flow[Result]:
    """Puts k problems with their worked solutions before the question, and leaves the rest to the inner method.

    The examples are earlier turns of the chat: the user's turn is a question in the form of this question, the model's
    turn is a solution. They are the same for every problem of a run.

    Source: Brown et al. 2020, Language Models are Few-Shot Learners (2005.14165); with worked steps in the solutions,
    Wei et al. 2022, Chain-of-Thought Prompting Elicits Reasoning (2201.11903).

    Args:
        method: the method that answers the changed problem.
        k: examples; 8 as in most of Wei et al.'s prompts.
        examples: a .jsonl or .csv file with the columns question and solution (or answer), of which the first k rows
            are taken. "": the task gives problems that it does not evaluate, so a limit must leave it some.

    Cost: call <= 1, method = 1

    Guarantees: heuristic. No example is a problem of the evaluation: the task ensures that, and a file's row with this
    very question is passed over.

    Deviations: Wei et al. wrote their examples by hand; here they come from the data set or the file. If the tool
    fails, the problem is asked without examples, and info["examples"] is 0.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> shown = Reply(value=[{"question": "1 + 1?", "solution": "The answer is 2."}])
    >>> played = play(few_shot(Problem("1", "2 + 2?"), key=Key(), k=1), [shown, "4"])
    >>> [turn.content for turn in played.asks[1].prompt]
    ['1 + 1?', 'The answer is 2.', '2 + 2?']
    """
    if examples:
        pairs = _from_file(examples, problem, k)
        return _counted((yield from method(_after(problem, pairs), key=key)), len(pairs))
    pairs = yield from _from_task(k)
    return _counted((yield from paid_for(method(_after(problem, pairs), key=key))), len(pairs))


def _after(problem: Problem, pairs: Sequence[tuple[str, str]]) -> Problem:
    """The problem with examples before it, in the form of its own prompt: an instruction that repeats the question
    repeats the example's question."""
    turns: list[Message] = []
    for question, solution in pairs:
        instruction = (
            problem.instruction.replace(problem.question, question) if problem.question else problem.instruction
        )
        request = f"{question}\n{instruction}" if instruction else question
        turns += [Message("user", request), Message("assistant", solution)]
    return replace(problem, history=(*turns, *problem.history))


def _counted(result: Result, count: int) -> Result:
    return replace(result, info={**result.info, "examples": count})


def _from_task(k: int) -> Flow[list[tuple[str, str]]]:
    try:
        reply = yield from call("examples", k=k)
    except UsageError as error:
        raise UsageError(f"few_shot finds no examples: {error}, or give a file of them by examples=FILE") from error
    rows = cast("list[dict[str, Any]]", reply.value) if reply.ok else []
    return [(row["question"], row["solution"]) for row in rows]


def _from_file(name: str, problem: Problem, k: int) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for number, row in read_rows(Path(name).expanduser()):
        column = next((column for column in SOLUTIONS if column in row), None)
        if "question" not in row or column is None:
            raise UsageError(f"{name}, row {number}: an example has the columns question and solution (or answer)")
        question, solution = str(row["question"]).strip(), plain_solution(str(row[column]))
        if " ".join(question.split()) != " ".join(problem.question.split()):
            pairs.append((question, solution))
        if len(pairs) == k:
            return pairs
    raise UsageError(f"{name} has {len(pairs)} examples beside the question itself, and k={k} are wanted")
