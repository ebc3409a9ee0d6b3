"""`passel verify`: measure verifiers on the samples of an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from passel.cli.parts.flags import as_flags, blame, budget_of, roles_of
from passel.cli.parts.running import run_and_show
from passel.core.options import split_specs
from passel.runs.verification import verification

__all__ = ["verify"]


@click.command()
@click.option(
    "--verifier", required=True, help="Verifier specs, such as judge,genrm:m=8; see `passel methods --verifiers`."
)
@click.option("--run", "judged", required=True, type=click.Path(path_type=Path), help="Folder of the run (its --out).")
@click.option("--task", help="Stop if the run is not of this task.")
@click.option("--model", help="Model of the verifiers' roles.  [default: the run's model]")
@click.option("--role", "roles", multiple=True, help="Model of one role: judge=SPEC. May be repeated.")
@click.option("--n", type=click.IntRange(1), help="Samples of each problem.  [default: all of the run]")
@click.option("--limit", type=click.IntRange(1), help="Maximum number of problems.  [default: all of the run]")
@click.option("--budget", default="", help="Limits of the judging: passes=…,tokens=…,money=…,seconds=…")
@click.option(
    "--concurrency", type=click.IntRange(1), default=64, show_default=True, help="Maximum number of problems at once."
)
@click.option("--out", help="Folder for the tables and the report.  [default: the folder verify in the run's]")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def verify(verifier: str, judged: Path, roles: tuple[str, ...], budget: str, as_json: bool, **given: Any) -> int:
    """Measure how good verifiers are, on the samples of an earlier run; no sample is drawn.

    Reports each verifier's ROC-AUC, calibration, false-positive and false-negative rates, its best-of-n accuracy, and
    the accuracy and cost of resampling until it accepts. Judgements are recorded beside the samples and made once.
    """
    specs = split_specs(verifier)
    with blame("--run"), as_flags(verifiers="--verifier"):
        run = verification(judged, specs, roles=roles_of(roles), budget=budget_of("--budget", budget), **given)
    return run_and_show(run, as_json=as_json)
