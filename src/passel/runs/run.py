"""A run: methods over a task's problems, through one driver and one record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from passel.core.driver import MemoryStore, Outcome, Record, ReplyStore, Roles, Tool
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.problem import Problem
from passel.methods import ConfiguredMethod
from passel.models.replay import FrozenStore, Replay, ReplayedStore
from passel.runs.pilot import PILOT, Pilot
from passel.runs.pilot_of_run import pilot_of_run
from passel.runs.plan import Plan
from passel.runs.run_progress import RunProgress
from passel.runs.scoring import Scorer, tools_of
from passel.runs.session import Models, Session, admit
from passel.runs.trials import Trials
from passel.tasks import Examples, Task
from passel.tasks import load as load_task

__all__ = ["Run"]


class Run:
    """A plan with a folder for its record; without a folder nothing is kept.

    >>> run = Run(Plan(model="toy", task="rg:chain_sum", methods=("single", "vote"), n=4, limit=2))
    >>> from passel.core.driver import run_sync
    >>> trials = run_sync(run.execute())
    >>> [method.name for method in trials.methods], len(trials.problems)
    (['single', 'vote'], 2)
    """

    def __init__(self, plan: Plan, folder: Path | str | None = None) -> None:
        self.plan = plan
        self.folder = Path(folder) if folder is not None else None
        self.record = self.folder / "record.sqlite" if self.folder else None
        if plan.judged_run is not None:
            self.record = (self.folder or Path()) / plan.judged_run / "record.sqlite"
        self.methods = plan.load_methods()
        self.task = _task(plan)
        self.examples = Examples(self.task, plan.limit, plan.seed)
        self.pilot: Pilot | None = None

    @classmethod
    def open(cls, folder: Path | str) -> Run:
        """Opens the run in a folder."""
        return cls(Plan.open(Path(folder)), folder)

    async def execute(self, progress: RunProgress | None = None, *, models: Models | None = None) -> Trials:
        """Runs the plan; replies that are in the record are not asked for again.

        Args:
            progress: is kept up to date.
            models: opened models, which are left open; default: the run opens and closes its own.

        Raises:
            UsageError: an unknown method, task or model, or a method that needs what its model cannot do (Impossible);
                raised before anything is spent.
            ModelError: the model cannot be used at all.
            RecordError: the record cannot be read or written.
        """
        if models is None:
            async with Models() as own:
                return await self.execute(progress, models=own)
        bindings = self._bindings(models)
        admit(self.methods, bindings, roles=self.plan.roles, pilot=self.plan.pilot)
        if self.plan.pilot is not None:
            self.pilot = await Run.open(self.plan.pilot).as_pilot()
        Roles(bindings)  # refuses sampling parameters that a model does not take, before a file is written
        problems = self._problems()
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.plan.save(self.folder)
            if self.pilot is not None:
                self.pilot.save(self.folder)
        record = Record(self.record) if self.record else None
        store: ReplyStore = MemoryStore(max_replies=None) if record is None else record  # a run shares all its samples
        if record is not None and self.plan.judged_run is not None:
            store = FrozenStore(record)
        try:
            trials, _ = await self._run(bindings, store, problems, progress or RunProgress())
            return trials
        finally:
            if record is not None:
                record.close()

    async def replay(self) -> Trials:
        """Returns the trials from the record only, without a model; a trial that is not in the record is unfinished."""
        async with self._replayed() as (trials, _):
            return trials

    async def as_pilot(self) -> Pilot:
        """Returns the pilot of this run, from the record only.

        Raises UsageError if no trial has a score.
        """
        async with self._replayed() as (trials, session):
            return await pilot_of_run(session.driver, trials)

    @asynccontextmanager
    async def _replayed(self) -> AsyncGenerator[tuple[Trials, Session]]:
        assert self.record is not None, "a run without a folder keeps no record"
        record = Record(self.record, read_only=True)
        try:
            if self.plan.pilot is not None and self.folder is not None and (self.folder / PILOT).is_file():
                self.pilot = Pilot.open(self.folder)
            bindings = {role: Binding(Replay(b.model.info), b.sampling) for role, b in self._bindings(Models()).items()}
            yield await self._run(bindings, ReplayedStore(record), self._problems(), RunProgress(), record.wall_seconds)
        finally:
            record.close()

    def _bindings(self, models: Models) -> dict[str, Binding]:
        bound = models.bind(self.plan.model, self._others(), self.plan.sampling)
        if self.plan.judged_run is not None:
            generator = bound["generator"]
            bound["generator"] = Binding(Replay(generator.model.info), generator.sampling)
        return bound

    def _others(self) -> dict[str, str]:
        """Returns the model of each role but the generator. In a verification no role falls back on the generator."""
        wanted = {role for method in self.methods for role in method.needs} - {"generator", "tool"}
        return dict.fromkeys(wanted if self.plan.judged_run is not None else (), self.plan.model) | dict(
            self.plan.roles
        )

    @property
    def models(self) -> list[str]:
        """The specs of the models that the run may ask."""
        drawing = [self.plan.model] if self.plan.judged_run is None else []
        return sorted({*drawing, *self._others().values()})

    def _problems(self) -> list[Problem]:
        return self.task.problems(limit=self.plan.limit, seed=self.plan.seed)

    async def _run(
        self,
        bindings: Mapping[str, Binding],
        store: ReplyStore,
        problems: Sequence[Problem],
        progress: RunProgress,
        wall_seconds: float | None = None,
    ) -> tuple[Trials, Session]:
        shared = len(self.methods) > 1
        session = Session(bindings, store=store, budget=self.plan.budget, races="tokens" if shared else "clock")
        progress.total, progress.spent = len(problems) * len(self.methods), lambda: session.spent
        start = asyncio.get_running_loop().time()
        scorer = Scorer(self.task)
        try:
            outcomes = await self._all(session, scorer, problems, progress)
        finally:
            session.close()
        if wall_seconds is None:
            wall_seconds = (
                store.wall_seconds if isinstance(store, Record) else asyncio.get_running_loop().time() - start
            )
        trials = Trials(
            self.plan,
            self.task,
            scorer.score,
            self.methods,
            problems,
            outcomes,
            session.infos,
            session.spent,
            wall_seconds,
        )
        return trials, session

    async def _all(
        self, session: Session, scorer: Scorer, problems: Sequence[Problem], progress: RunProgress
    ) -> dict[tuple[str, str], Outcome]:
        outcomes: dict[tuple[str, str], Outcome] = {}
        free = asyncio.Semaphore(self.plan.concurrency)

        async def solve(problem: Problem, method: ConfiguredMethod) -> None:
            outcome = await self._solve(session, problem, method)
            outcomes[problem.id, method.name] = outcome
            await scorer.prepare(session.driver, problem.id, [outcome.result])
            score = scorer.score(problem.id, outcome.result.answer)
            progress.done += 1
            progress.failures += sum(outcome.failures.values())
            if score is not None and outcome.error is None:
                progress.scores.setdefault(method.name, []).append(score)
            progress.changed()

        async def solve_all(problem: Problem) -> None:
            async with free:
                await _all_or_nothing([solve(problem, method) for method in self.methods])

        await _all_or_nothing([solve_all(problem) for problem in problems])
        return outcomes

    async def _solve(self, session: Session, problem: Problem, method: ConfiguredMethod) -> Outcome:
        others: dict[str, Tool] = {"examples": self.examples}
        if self.pilot is not None:
            others["pilot"] = self.pilot.tool(self.plan.task, problem.id)
        tools = tools_of(self.task, problem.id, others)
        key = Key(self.plan.seed) / problem.id
        return await session.solve(method, problem, key=key, tools=tools, budget=self.plan.problem_budget)


def _task(plan: Plan) -> Task:
    task = load_task(plan.task)
    if plan.instruction is not None:
        task = replace(task, instruction=plan.instruction)
    return task if plan.system is None else replace(task, system=plan.system)


async def _all_or_nothing(work: Sequence[Awaitable[None]]) -> None:
    """Waits for all; the first error cancels the others and is raised."""
    tasks = [asyncio.ensure_future(item) for item in work]
    try:
        for task in asyncio.as_completed(tasks):
            await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
