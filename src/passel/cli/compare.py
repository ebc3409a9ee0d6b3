"""`passel compare`: compare methods on a task, from shared samples."""

from __future__ import annotations

from typing import Any

import click

from passel.cli.parts.flags import run_flags
from passel.cli.parts.running import make_run, run_and_show

__all__ = ["compare"]


@click.command()
@click.option(
    "--methods",
    default="single,vote",
    show_default=True,
    help="Method specs, such as vote,best_of:verifier=judge; see `passel methods`.",
)
@run_flags
def compare(methods: str, as_json: bool, **given: Any) -> int:
    """Compare methods on a task: accuracy against cost, and which one pays.

    The methods share their samples, so comparing them costs about as much as the most expensive of them.
    """
    return run_and_show(make_run(methods, "--methods", given), as_json=as_json)
