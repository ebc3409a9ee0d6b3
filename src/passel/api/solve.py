"""One question, one method, one answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from passel.core.ask import Sampling
from passel.core.cost import Budget, Cost
from passel.core.driver import ReplyStore, Retries, Tool, run_sync
from passel.core.key import Key
from passel.core.model import Model
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods import load as load_method
from passel.runs.run import Run
from passel.runs.session import Models, Session, admit
from passel.tasks import read_answer

__all__ = ["Solution", "solve", "solve_async"]


@dataclass(frozen=True, slots=True)
class Solution:
    """An answer and what it took.

    Args:
        answer: the final answer, or None. text: the text that it was taken from.
        cost: what all passes took together.
        result: everything the method found (candidates, votes, scores).
        error: what kept the method from finishing, or None.
    """

    answer: str | None
    text: str
    cost: Cost
    result: Result = field(repr=False)
    error: str | None = None

    def __str__(self) -> str:
        return self.answer if self.answer is not None else self.text


def solve(question: str | Problem, **settings: Any) -> Solution:
    """Answers one question with a method; see `solve_async` for the settings.

    >>> solve("What is 17 + 25?", model="toy", method="vote", n=8).answer
    '42'
    """
    return run_sync(solve_async(question, **settings))


async def solve_async(
    question: str | Problem,
    *,
    model: str | Model = "passel-reasoner-135m",
    method: str = "vote",
    roles: dict[str, str | Model] | None = None,
    sampling: Sampling | None = None,
    instruction: str | None = None,
    system: str = "",
    budget: Budget | None = None,
    seed: int = 0,
    store: ReplyStore | None = None,
    check: Tool | None = None,
    pilot: Path | str | None = None,
    retries: Retries = Retries(),
    **options: Any,
) -> Solution:
    """Answers one question.

    Args:
        question: the question's text, or a Problem for full control of how answers are read.
        model: a spec (see `passel models`) or a Model, which is then left open.
        method: a method's spec: `vote`, `best_of:verifier=judge`, `path.py:function`.
        roles: models for other roles. sampling: of the generator.
        instruction, system: how to answer, where the question is a text; default: the line that the model was
            trained with, if it has one.
        budget: limits over all passes. seed: of all draws.
        store: where replies are kept, such as a Record; default: nowhere.
        check: the automatic verifier of methods that need one: called with text= and key= of an answer.
        pilot: folder of an earlier comparison, for methods that choose by one.
        options: the method's own, such as n=8.

    Raises:
        UsageError: an unknown name or option, or a method that needs what a model cannot do.
        ModelError: a model that cannot be used at all.
    """
    chosen = load_method(method, options)
    async with Models() as models:
        bindings = models.bind(model, roles, sampling or Sampling())
        admit([chosen], bindings, roles=roles or {}, pilot=pilot)
        if isinstance(question, Problem):
            problem = question
        else:
            line = bindings["generator"].model.info.instruction if instruction is None else instruction
            problem = Problem("question", question, line, system, read_answer)
        tools: dict[str, Tool] = {"check": check} if check else {}
        if pilot is not None:
            tools["pilot"] = (await Run.open(pilot).as_pilot()).tool(None, problem.id)
        session = Session(bindings, budget=budget, store=store, retries=retries)
        try:
            outcome = await session.solve(chosen, problem, key=Key(seed) / problem.id, tools=tools)
        finally:
            session.close()
    result = outcome.result
    return Solution(result.answer.text if result.answer else None, result.text, outcome.cost, result, outcome.error)
