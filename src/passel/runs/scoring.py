"""Scoring the answers of a run: directly where that is cheap, through the driver and its record where it runs code."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from passel.core.driver import Driver, Scope, Tool
from passel.core.flow import Flow, call, together
from passel.core.problem import Answer
from passel.core.result import Result
from passel.tasks import Task
from passel.tools import Tools

__all__ = ["Scorer", "tools_of"]

_NONE: Mapping[str, Tool] = {}


def tools_of(task: Task, problem_id: str, others: Mapping[str, Tool] = _NONE) -> Tools:
    """Returns the tools of one problem: the task's `check` (the score of an answer) and `reference` (the reference
    solution), `others` of the run, and those of `passel.tools`."""

    def score(text: str, key: str) -> float | None:
        return task.score(problem_id, Answer(text, key))

    async def score_aside(text: str, key: str) -> float | None:
        return await asyncio.to_thread(score, text, key)

    check: Tool = score_aside if task.costly(problem_id) else score
    return Tools({"check": check, "reference": lambda: task.solution(problem_id), **others})


class Scorer:
    """Scores answers. Those of a costly task are scored by the tool `check`: so their scores are in the record, and a
    report runs no code again."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._known: dict[tuple[str, str], float | None] = {}

    async def prepare(self, driver: Driver, problem_id: str, results: Iterable[Result]) -> None:
        """Scores the answers of some results for `score`, where that takes long."""
        if not self.task.costly(problem_id):
            return
        answers = [answer for r in results for answer in (r.answer, *(c.answer for c in r.candidates))]
        wanted = {a.key: a for a in answers if a is not None and (problem_id, a.key) not in self._known}

        def work() -> Flow[Result]:
            calls = [call("check", label="score", text=a.text, key=a.key) for a in wanted.values()]
            replies = yield from together(calls)
            values = [reply.value if reply.ok else None for reply in replies]
            return Result(info=dict(zip(wanted, values, strict=True)))

        outcome = await driver.run(work(), Scope(problem_id, tools_of(self.task, problem_id)))
        self._known |= {(problem_id, key): value for key, value in outcome.result.info.items()}

    def score(self, problem_id: str, answer: Answer | None) -> float | None:
        """Returns the score of an answer; see `Task.score`."""
        if answer is not None and (problem_id, answer.key) in self._known:
            return self._known[problem_id, answer.key]
        return self.task.score(problem_id, answer)
