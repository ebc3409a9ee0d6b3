"""`passel verify`: how good is a verifier, on the pool of a run that was made?"""

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
@click.option("--verifier", required=True, help="Specs: judge,genrm:m=8,… See `passel methods --verifiers`.")
@click.option("--run", "judged", required=True, type=click.Path(path_type=Path), help="Folder of a run, from --out.")
@click.option("--task", help="To make sure that the run is of this task.")
@click.option("--model", help="Plays the verifiers' roles.  [default: the run's own model]")
@click.option("--role", "roles", multiple=True, help="A model for one role: judge=SPEC (may be repeated).")
@click.option("--n", type=click.IntRange(1), help="Draws of a problem.  [default: all that the run asked for]")
@click.option("--limit", type=click.IntRange(1), help="Problems at most.  [default: all of the run]")
@click.option("--budget", default="", help="Limits of the judging: passes=…,tokens=…,money=…,seconds=…")
@click.option("--concurrency", type=click.IntRange(1), default=64, show_default=True, help="Problems at once.")
@click.option("--out", help="Folder for the tables and the report.  [default: verify in the run's folder]")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def verify(verifier: str, judged: Path, roles: tuple[str, ...], budget: str, as_json: bool, **given: Any) -> int:
    """Judge the samples of a run without drawing any: is what the verifier prefers right?

    Reports each verifier's ROC-AUC, calibration, false-positive and false-negative rates, the accuracy it gives best of
    n, and what resampling until it accepts comes to. Judgements are recorded beside the samples and made once.
    """
    specs = split_specs(verifier)
    with blame("--run"), as_flags(verifiers="--verifier"):
        run = verification(judged, specs, roles=roles_of(roles), budget=budget_of("--budget", budget), **given)
    return run_and_show(run, as_json=as_json)
