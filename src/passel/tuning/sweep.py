"""A sweep: one method with one option varied at a time, at equal cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from passel.core.errors import UsageError
from passel.core.options import split_spec
from passel.measure.comparison import Comparison, MethodRow
from passel.measure.summary import summarise
from passel.methods import load
from passel.runs.run import Run
from passel.runs.run_progress import RunProgress
from passel.runs.session import Models

__all__ = ["Arm", "Sweep", "arms", "levelled", "swept"]


@dataclass(frozen=True, slots=True)
class Arm:
    """The base method with one option changed; for the base itself, option and value are ""."""

    option: str
    value: str
    spec: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """The arms of a sweep and their comparison."""

    arms: tuple[Arm, ...]
    comparison: Comparison

    def rows(self) -> list[tuple[Arm, MethodRow]]:
        """Each arm with its row of the comparison."""
        by_name = {row.name: row for row in self.comparison.methods}
        return [(arm, by_name[arm.spec]) for arm in self.arms]

    def best(self) -> dict[str, tuple[Arm, MethodRow]]:
        """For each option the arm with the highest accuracy, which may be the base."""
        rows = self.rows()
        options = dict.fromkeys(arm.option for arm in self.arms if arm.option)
        scored = [(arm, row) for arm, row in rows if row.accuracy.value is not None]
        found: dict[str, tuple[Arm, MethodRow]] = {}
        for option in options:
            among = [(arm, row) for arm, row in scored if arm.option in (option, "")]
            if among:
                found[option] = max(among, key=lambda pair: pair[1].accuracy.value or 0.0)
        return found


def arms(base: str, vary: Mapping[str, Sequence[str]]) -> tuple[Arm, ...]:
    """The base, and the base with each value of each option, one option at a time.

    Raises:
        UsageError: an unknown method, option or value.

    >>> [arm.spec for arm in arms("vote:n=4", {"prompt": ["cot"], "sampling.temperature": ["0.3", "1.0"]})]
    ['vote:n=4', 'vote:n=4:prompt=cot', 'vote:n=4:sampling.temperature=0.3', 'vote:n=4:sampling.temperature=1.0']
    """
    if not vary:
        raise UsageError("nothing to vary: name an option and its values, such as sampling.temperature=0.3,0.7,1.0")
    name, options = split_spec(base)
    found = [Arm("", "", base)]
    for option, values in vary.items():
        for value in values:
            if options.get(option) != value:
                found.append(Arm(option, value, _spec(name, options | {option: value})))
    for arm in found:
        load(arm.spec)
    return tuple({arm.spec: arm for arm in found}.values())


def levelled(found: Sequence[Arm], first: Comparison) -> tuple[Arm, ...]:
    """The arms at equal cost: the n of each arm is scaled by the base's completion tokens over those of the arm.

    An arm without an option n, and an arm that varies n, stays as it is; its cost is in its row.

    Args:
        found: the base first.
        first: a comparison of these arms as they are.
    """
    took = {row.name: row.cost.completion_tokens / max(1, row.problems) for row in first.methods}
    base = took[found[0].spec]
    return tuple(arm if arm.option in ("", "n") else _scaled(arm, base, took[arm.spec]) for arm in found)


async def swept(run: Run, first: Sequence[Arm], watch: RunProgress | None = None) -> Sweep:
    """Runs the arms as they are, and again where n changes to equal the cost, with the same opened models.

    Args:
        run: over the arms of `first`, the base first. watch: of each of the two runs in turn.
    """
    async with Models() as models:
        found = summarise(await run.execute(watch, models=models))
        level = levelled(first, found)
        if level == tuple(first):
            return Sweep(level, found)
        if watch is not None:
            watch.reset()
        again = Run(run.plan.replace(methods=tuple(arm.spec for arm in level)), run.folder)
        return Sweep(level, summarise(await again.execute(watch, models=models)))


def _scaled(arm: Arm, base: float, took: float) -> Arm:
    name, options = split_spec(arm.spec)
    n = load(arm.spec).options.get("n")
    if not isinstance(n, int) or not took:
        return arm
    return Arm(arm.option, arm.value, _spec(name, options | {"n": str(max(1, round(n * base / took)))}))


def _spec(name: Sequence[str], options: Mapping[str, str]) -> str:
    return ":".join([*name, *(f"{option}={value}" for option, value in options.items())])
