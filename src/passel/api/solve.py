"""Answering one question with one method."""

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
    """An answer and its cost.

    Args:
        answer: the final answer; None: there is none.
        text: the text that holds the answer.
        cost: of all passes.
        result: the method's result (candidates, votes, scores).
        error: why the method did not finish; None: it did.
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
        question: the text of the question, or a Problem, for control of how answers are read.
        model: a spec (see `passel models`), or a Model, which is left open.
        method: a method's spec: `vote`, `best_of:verifier=judge`, `path.py:function`.
        roles: models of other roles.
        sampling: of the generator.
        instruction: how to answer, for a question that is a text; default: the instruction that the model was trained
            with, if any.
        system: system message, for a question that is a text.
        budget: limits of all passes together.
        seed: of all samples.
        store: keeps the replies, such as a Record; default: nothing is kept.
        check: the automatic check of methods that need one: called with text= and key= of an answer, returns its score.
        pilot: folder of an earlier comparison, for methods that choose by it.
        retries: how requests are tried again.
        options: of the method, such as n=8.

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
