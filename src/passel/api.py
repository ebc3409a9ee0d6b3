"""The Python API: solve a question, compare methods, open a run. Usable with and without a running event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from passel.core.ask import Sampling
from passel.core.cost import Budget, Cost
from passel.core.driver import Driver, Pool, Retries, Scope, Tool, run_sync
from passel.core.key import Key
from passel.core.model import Binding, Model
from passel.core.needs import check_needs
from passel.core.options import split_specs
from passel.core.problem import Problem
from passel.core.result import Result
from passel.measure.comparison import Comparison
from passel.measure.pilot import check_pilot
from passel.measure.plan import Plan, check_roles
from passel.measure.planning import METHODS, Forecast, forecast, from_pilot
from passel.measure.run import Run
from passel.measure.sweep import Sweep, arms, levelled
from passel.measure.verification import verification
from passel.methods import load as load_method
from passel.models import load
from passel.tasks import read_answer
from passel.tools import Tools, check_ready

__all__ = ["Solution", "compare", "plan", "solve", "solve_async", "sweep", "verify"]


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
    pool: Pool | None = None,
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
        pool: where replies are kept, such as a Record; default: nowhere.
        check: the automatic verifier of methods that need one: called with text= and key= of an answer.
        pilot: folder of an earlier comparison, for methods that choose by one.
        options: the method's own, such as n=8.

    Raises:
        UsageError: an unknown name or option, or a method that needs what a model cannot do.
        ModelError: a model that cannot be used at all.
    """
    chosen = load_method(method, options)
    check_roles(roles or {}, [chosen.needs])
    bindings = _bindings(model, roles or {}, sampling or Sampling())
    if isinstance(question, Problem):
        problem = question
    else:
        line = bindings["generator"].model.info.instruction if instruction is None else instruction
        problem = Problem("question", question, line, system, read_answer)
    check_needs(f"method {method}", chosen.needs, {role: b.model.info for role, b in bindings.items()})
    check_ready(chosen.needs.get("tool", ()))
    check_pilot(method, chosen.needs.get("tool", ()), pilot)
    tools: dict[str, Tool] = {"check": check} if check else {}
    if pilot is not None:
        tools["pilot"] = (await Run.open(pilot).as_pilot()).tool(None, problem.id)
    driver = Driver(bindings, budget=budget, pool=pool, retries=retries)
    scope = Scope(problem.id, Tools(tools))
    try:
        outcome = await driver.run(chosen.make(problem, key=Key(seed) / problem.id), scope)
    finally:
        driver.close()
        for name, binding in bindings.items():
            if isinstance(model if name == "generator" else (roles or {})[name], str):
                await binding.model.aclose()
    result = outcome.result
    return Solution(result.answer.text if result.answer else None, result.text, outcome.cost, result, outcome.error)


def compare(
    *,
    model: str,
    task: str,
    methods: Sequence[str] | str = ("single", "vote"),
    out: Path | str | None = None,
    **settings: Any,
) -> Comparison:
    """Compares methods on a task, on one shared pool of samples. `settings` are those of `Plan`: n, limit, pilot, …

    With `out`, the record, the tables and the report are written there, and a run that was cut short goes on.

    >>> found = compare(model="toy", task="held_out", methods="single,vote", n=4, limit=2)
    >>> [row.name for row in found.methods]
    ['single', 'vote']
    """
    specs = tuple(split_specs(methods)) if isinstance(methods, str) else tuple(methods)
    run = Run(Plan(model=model, task=task, methods=specs, **settings), out)
    found = run_sync(run.execute())
    if out is not None:
        from passel.measure.report import write_report

        write_report(found, Path(out))
    return found


def plan(
    methods: Sequence[str] | str = METHODS,
    *,
    pilot: Path | str | None = None,
    problems: int = 50,
    budgets: Sequence[float] = (),
    target: float = 0.5,
    seed: int = 0,
    **assumed: Any,
) -> Forecast:
    """Simulates methods on planted trees, before a model is asked anything: which one pays, and at how many tokens?

    Args:
        methods: specs; each is run in several sizes, and one whose size is set in that one.
        pilot: folder of a run that tells chance, tokens and rho, where they are not given.
        problems: trees. seed: of them, the draws and the verifier's errors.
        budgets: generated tokens a problem; default: of 1 to 32 solutions.
        target: the accuracy whose price is asked.
        assumed: what `Assumptions` takes: chance, steps, branches, tokens, rho, scale, bias, trap.

    >>> found = plan("best_of:n=2,beam:n=4", rho=1.0, steps=2, problems=4)
    >>> [(one.method, len(one.rungs)) for one in found.methods]
    [('best_of:n=2', 1), ('beam:n=4', 1)]
    """
    specs = split_specs(methods) if isinstance(methods, str) else list(methods)

    async def made() -> Forecast:
        basis, notes = await from_pilot(pilot, assumed)
        return await forecast(basis, specs, problems=problems, budgets=budgets, target=target, seed=seed, notes=notes)

    return run_sync(made())


def sweep(
    base: str,
    vary: Mapping[str, Sequence[str]],
    *,
    model: str,
    task: str,
    out: Path | str | None = None,
    **settings: Any,
) -> Sweep:
    """Varies one option of a method at a time at equal cost: an arm's n is set so that it takes what the base does.

    Args:
        base: the method's spec.
        vary: option -> values as text, such as {"prompt": ["cot", "reread"], "sampling.temperature": ["0.3", "1.0"]}.
        out: folder for the record, the tables and the report.
        settings: those of `Plan`: limit, seed, …

    >>> found = sweep("vote:n=2", {"sampling.temperature": ["0.5"]}, model="toy", task="held_out", limit=2)
    >>> [arm.spec for arm in found.arms]
    ['vote:n=2', 'vote:n=2:sampling.temperature=0.5']
    """
    wanted = arms(base, vary)
    first = compare(model=model, task=task, methods=[arm.spec for arm in wanted], out=out, **settings)
    level = levelled(wanted, first)
    if level == wanted:
        return Sweep(wanted, first)
    methods = [arm.spec for arm in level]
    return Sweep(level, compare(model=model, task=task, methods=methods, out=out, **settings))


def verify(verifiers: Sequence[str] | str, *, pool: Path | str, **settings: Any) -> Comparison:
    """Judges the samples of the run in the folder `pool` without drawing any; see `verification` for the settings.

    What each verifier is worth is in `.verifiers` of what comes back. The report is written to the folder `verify` in
    the pool's, or to `out`.

    >>> verify("arithmetic", pool="runs/demo").verifiers[0].auc.value  # doctest: +SKIP
    0.91
    """
    from passel.measure.report import write_report

    specs = split_specs(verifiers) if isinstance(verifiers, str) else list(verifiers)
    run = verification(pool, specs, **settings)
    found = run_sync(run.execute())
    assert run.folder is not None
    write_report(found, run.folder)
    return found


def _bindings(model: str | Model, roles: dict[str, str | Model], sampling: Sampling) -> dict[str, Binding]:
    loaded = load(model) if isinstance(model, str) else model
    others = {role: Binding(load(spec) if isinstance(spec, str) else spec) for role, spec in roles.items()}
    return {"generator": Binding(loaded, sampling.over(loaded.info.advised)), **others}
