"""Methods against each other, options of one method, verifiers on samples that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from passel.core.driver import run_sync
from passel.core.options import split_specs
from passel.measure.comparison import Comparison
from passel.measure.summary import summarise
from passel.report import write_report
from passel.runs.plan import Plan
from passel.runs.run import Run
from passel.runs.verification import verification
from passel.tuning.sweep import Sweep, arms, swept

__all__ = ["compare", "sweep", "verify"]


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
    found = summarise(run_sync(run.execute()))
    if out is not None:
        write_report(found, Path(out))
    return found


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
    first = arms(base, vary)
    run = Run(Plan(model=model, task=task, methods=tuple(arm.spec for arm in first), **settings), out)
    found = run_sync(swept(run, first))
    if out is not None:
        write_report(found.comparison, Path(out))
    return found


def verify(verifiers: Sequence[str] | str, *, run: Path | str, **settings: Any) -> Comparison:
    """Judges the samples of the run in a folder without drawing any; see `verification` for the settings.

    What each verifier is worth is in `.verifiers` of what comes back. The report is written to the folder `verify` in
    the run's, or to `out`.

    >>> verify("arithmetic", run="runs/demo").verifiers[0].auc.value  # doctest: +SKIP
    0.91
    """
    specs = split_specs(verifiers) if isinstance(verifiers, str) else list(verifiers)
    judging = verification(run, specs, **settings)
    found = summarise(run_sync(judging.execute()))
    assert judging.folder is not None
    write_report(found, judging.folder)
    return found
