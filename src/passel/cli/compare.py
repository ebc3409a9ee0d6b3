"""`passel compare`: several methods on one task, from one pool of samples."""

from __future__ import annotations

from typing import Any

import click

from passel.cli.parts.flags import run_flags
from passel.cli.parts.running import make_run, run_and_show

__all__ = ["compare"]


@click.command()
@click.option("--methods", default="single,vote", show_default=True, help="Specs: vote,best_of:verifier=judge,…")
@run_flags
def compare(methods: str, as_json: bool, **given: Any) -> int:
    """Compare methods on a task: accuracy against cost, and which one pays.

    The methods share one pool of samples, so comparing them costs about as much as the dearest of them.
    """
    return run_and_show(make_run(methods, "--methods", given), as_json=as_json)
