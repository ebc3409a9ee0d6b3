"""Comparing methods, options of a method, and verifiers."""

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
    """Compares methods on a task. The methods share their samples.

    Args:
        model: the model's spec.
        task: the task's spec.
        methods: specs, also as one text with commas.
        out: folder for the record, the tables and the report; an earlier run in it is continued.
        settings: those of `Plan`: n, limit, pilot, …

    >>> found = compare(model="toy", task="held_out", methods="single,vote", n=4, limit=2)
    >>> [row.name for row in found.methods]
    ['single', 'vote']
    """
    specs = tuple(split_specs(methods)) if isinstance(methods, str) else tuple(methods)
    run = Run(Plan(model=model, task=task, methods=specs, **settings), out)
    comparison = summarise(run_sync(run.execute()))
    if out is not None:
        write_report(comparison, Path(out))
    return comparison


def sweep(
    base: str,
    vary: Mapping[str, Sequence[str]],
    *,
    model: str,
    task: str,
    out: Path | str | None = None,
    **settings: Any,
) -> Sweep:
    """Varies one option of a method at a time, at equal cost: each arm has the n that makes it cost as the base.

    Args:
        base: the spec of the method.
        vary: by option, its values: {"prompt": ["cot", "reread"], "sampling.temperature": ["0.3", "1.0"]}.
        out: folder for the record, the tables and the report.
        settings: those of `Plan`: limit, seed, …

    >>> found = sweep("vote:n=2", {"sampling.temperature": ["0.5"]}, model="toy", task="held_out", limit=2)
    >>> [arm.spec for arm in found.arms]
    ['vote:n=2', 'vote:n=2:sampling.temperature=0.5']
    """
    varied = arms(base, vary)
    run = Run(Plan(model=model, task=task, methods=tuple(arm.spec for arm in varied), **settings), out)
    result = run_sync(swept(run, varied))
    if out is not None:
        write_report(result.comparison, Path(out))
    return result


def verify(verifiers: Sequence[str] | str, *, run: Path | str, **settings: Any) -> Comparison:
    """Measures verifiers on the samples of the run in a folder, without drawing new samples.

    The figures of each verifier are in `.verifiers` of the result. The report is written to `out`, by default the
    folder `verify` in the run's. `settings` are those of `verification`.

    >>> verify("arithmetic", run="runs/demo").verifiers[0].auc.value  # doctest: +SKIP
    0.91
    """
    specs = split_specs(verifiers) if isinstance(verifiers, str) else list(verifiers)
    judging = verification(run, specs, **settings)
    comparison = summarise(run_sync(judging.execute()))
    assert judging.folder is not None
    write_report(comparison, judging.folder)
    return comparison
