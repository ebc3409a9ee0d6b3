"""A run: methods over a task's problems, through one driver and one record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from passel.core.cost import Cost
from passel.core.driver import Driver, Ledger, Outcome, Pool, Record, Roles, Scope, Tool
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.needs import check_needs
from passel.core.problem import Problem
from passel.measure.comparison import Comparison
from passel.measure.pilot import PILOT, Pilot, check_pilot
from passel.measure.piloting import observed
from passel.measure.plan import Plan, check_roles
from passel.measure.scoring import Scorer, tools_of
from passel.measure.summary import Trials, summarise
from passel.methods import NamedMethod
from passel.models import load as load_model
from passel.models.replay import FrozenPool, Replay, ReplayPool
from passel.tasks import Task
from passel.tasks import load as load_task
from passel.tasks.parts.examples import Examples
from passel.tools import check_ready

__all__ = ["Run", "Watch"]


@dataclass(slots=True)
class Watch:
    """What a progress display looks at while a run goes on.

    Args:
        total: flows to run, methods times problems. done: those that ended.
        scores: by method, the scores so far (unscored ones left out).
        spent: what the run has really taken so far; a function, for it changes between trials too.
        failures: replies that were not usable whole.
        changed: called after each trial.
    """

    total: int = 0
    done: int = 0
    scores: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    spent: Callable[[], Cost] = Cost
    failures: int = 0
    changed: Callable[[], None] = lambda: None


class Run:
    """A plan with a folder for its record, or without one (nothing is kept then).

    >>> run = Run(Plan(model="toy", task="rg:chain_sum", methods=("single", "vote"), n=4, limit=2))
    >>> [row.name for row in run.execute_sync().methods]  # doctest: +SKIP
    ['single', 'vote']
    """

    def __init__(self, plan: Plan, folder: Path | str | None = None) -> None:
        self.plan = plan
        self.folder = Path(folder) if folder is not None else None
        self.record = self.folder / "record.sqlite" if self.folder else None
        if plan.pool is not None:
            self.record = (self.folder or Path()) / plan.pool / "record.sqlite"
        self.methods = plan.load_methods()
        self.task = _task(plan)
        self.examples = Examples(self.task, plan.limit, plan.seed)
        self.pilot: Pilot | None = None

    @classmethod
    def open(cls, folder: Path | str) -> Run:
        """The run that was made in a folder."""
        return cls(Plan.open(Path(folder)), folder)

    async def execute(self, watch: Watch | None = None) -> Comparison:
        """Runs what the record does not hold yet, and says what came out.

        Raises:
            UsageError: a method, task or model that does not exist, or needs what the model cannot do (Impossible);
                raised before anything is spent.
            ModelError: the model cannot be used at all.
            RecordError: the record cannot be read or written.
        """
        check_roles(self.plan.roles, [method.needs for method in self.methods])
        roles = self._bindings()
        infos = {role: binding.model.info for role, binding in roles.items()}
        for method in self.methods:
            check_needs(f"method {method.name}", method.needs, infos)
            check_ready(method.needs.get("tool", ()))
            check_pilot(method.name, method.needs.get("tool", ()), self.plan.pilot)
        if self.plan.pilot is not None:
            self.pilot = await Run.open(self.plan.pilot).as_pilot()
        Roles(roles)  # refuses sampling parameters that a model does not take, before anything is made
        problems = self._problems()
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.plan.save(self.folder)
            if self.pilot is not None:
                self.pilot.save(self.folder)
        record = Record(self.record) if self.record else None
        pool = FrozenPool(record) if record and self.plan.pool is not None else record
        try:
            trials, driver, seconds = await self._with(roles, pool, problems, watch or Watch())
            return summarise(trials, driver.roles.infos, driver.ledger, seconds)
        finally:
            await asyncio.gather(*(binding.model.aclose() for binding in roles.values()))
            if record is not None:
                record.close()

    async def replay(self) -> Comparison:
        """The same from the record alone, without a model; what is not recorded counts as unfinished."""
        async with self._replayed() as (trials, driver, seconds):
            return summarise(trials, driver.roles.infos, driver.ledger, seconds)

    async def as_pilot(self) -> Pilot:
        """What it found, for methods that choose by it; from the record alone.

        Raises UsageError if nothing of it was scored.
        """
        async with self._replayed() as (trials, driver, _):
            return await observed(driver, trials)

    @asynccontextmanager
    async def _replayed(self) -> AsyncGenerator[tuple[Trials, Driver, float]]:
        assert self.record is not None, "a run without a folder keeps no record"
        record = Record(self.record, read_only=True)
        try:
            if self.plan.pilot is not None and self.folder is not None and (self.folder / PILOT).is_file():
                self.pilot = Pilot.open(self.folder)
            roles = {role: Binding(Replay(b.model.info), b.sampling) for role, b in self._bindings().items()}
            yield await self._with(roles, ReplayPool(record), self._problems(), Watch(), record.wall_seconds)
        finally:
            record.close()

    def _bindings(self) -> dict[str, Binding]:
        model = load_model(self.plan.model)
        drawing = model if self.plan.pool is None else Replay(model.info)
        roles = {"generator": Binding(drawing, self.plan.sampling.over(model.info.advised))}
        for role, spec in self._others().items():
            roles[role] = Binding(model if spec == self.plan.model else load_model(spec))
        return roles

    def _others(self) -> dict[str, str]:
        """The model of each role but the generator's. Without draws, nobody falls back on the generator."""
        wanted = {role for method in self.methods for role in method.needs} - {"generator", "tool"}
        return dict.fromkeys(wanted if self.plan.pool is not None else (), self.plan.model) | dict(self.plan.roles)

    @property
    def models(self) -> list[str]:
        """Specs of the models that may be asked something."""
        drawing = [self.plan.model] if self.plan.pool is None else []
        return sorted({*drawing, *self._others().values()})

    def _problems(self) -> list[Problem]:
        return self.task.problems(limit=self.plan.limit, seed=self.plan.seed)

    async def _with(
        self,
        roles: Mapping[str, Binding],
        pool: Pool | None,
        problems: Sequence[Problem],
        watch: Watch,
        wall_seconds: float | None = None,
    ) -> tuple[Trials, Driver, float]:
        shared = len(self.methods) > 1
        driver = Driver(roles, pool=pool, budget=self.plan.budget, races="tokens" if shared else "clock")
        watch.total, watch.spent = len(problems) * len(self.methods), lambda: driver.ledger.spent
        start = asyncio.get_running_loop().time()
        try:
            scorer = Scorer(self.task)
            outcomes = await self._all(driver, scorer, problems, watch)
        finally:
            driver.close()
        if wall_seconds is None:
            wall_seconds = pool.wall_seconds if isinstance(pool, Record) else asyncio.get_running_loop().time() - start
        trials = Trials(self.plan, self.task, scorer.score, self.methods, problems, outcomes)
        return trials, driver, wall_seconds

    async def _all(
        self, driver: Driver, scorer: Scorer, problems: Sequence[Problem], watch: Watch
    ) -> dict[tuple[str, str], Outcome]:
        outcomes: dict[tuple[str, str], Outcome] = {}
        free = asyncio.Semaphore(self.plan.concurrency)

        async def one(problem: Problem, method: NamedMethod) -> None:
            outcome = await self._solve(driver, problem, method)
            outcomes[problem.id, method.name] = outcome
            await scorer.prepare(driver, problem.id, [outcome.result])
            score = scorer.score(problem.id, outcome.result.answer)
            watch.done += 1
            watch.failures += sum(outcome.failures.values())
            if score is not None and outcome.error is None:
                watch.scores.setdefault(method.name, []).append(score)
            watch.changed()

        async def each(problem: Problem) -> None:
            async with free:
                await _all_or_nothing([one(problem, method) for method in self.methods])

        await _all_or_nothing([each(problem) for problem in problems])
        return outcomes

    async def _solve(self, driver: Driver, problem: Problem, method: NamedMethod) -> Outcome:
        others: dict[str, Tool] = {"examples": self.examples}
        if self.pilot is not None:
            others["pilot"] = self.pilot.tool(self.plan.task, problem.id)
        scope = Scope(problem.id, tools_of(self.task, problem.id, others), Ledger(self.plan.problem_budget))
        key = Key(self.plan.seed) / problem.id
        return await driver.run(method.make(problem, key=key), scope)


def _task(plan: Plan) -> Task:
    task = load_task(plan.task)
    if plan.instruction is not None:
        task = replace(task, instruction=plan.instruction)
    return task if plan.system is None else replace(task, system=plan.system)


async def _all_or_nothing(work: Sequence[Awaitable[None]]) -> None:
    """Waits for all; the first that raises cancels the others and is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        for task in asyncio.as_completed(tasks):
            await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
