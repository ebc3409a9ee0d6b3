"""`passel run`: run one method on a task."""

from __future__ import annotations

from typing import Any

import click

from passel.cli.parts.flags import run_flags
from passel.cli.parts.running import make_run, run_and_show

__all__ = ["run"]


@click.command()
@click.option(
    "--method",
    default="vote",
    show_default=True,
    help="Method spec, such as best_of:verifier=judge or file.py:name; see `passel methods`.",
)
@run_flags
def run(method: str, as_json: bool, **given: Any) -> int:
    """Run one method on a task: its accuracy and its cost."""
    return run_and_show(make_run(method, "--method", given), as_json=as_json)
