"""`passel sweep`: vary one option of a method at a time, at equal cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from passel.cli.parts.flags import blame, run_flags
from passel.cli.parts.output import output
from passel.cli.parts.running import EXIT_INTERRUPTED, make_run, run_visibly, show_all
from passel.core.errors import UsageError
from passel.core.options import split_specs
from passel.tuning.report import sweep_lines
from passel.tuning.sweep import arms, swept

__all__ = ["sweep"]


@click.command()
@click.option(
    "--method",
    default="vote",
    show_default=True,
    help="Spec of the base method; every other arm differs from it in one option.",
)
@click.option(
    "--vary", multiple=True, required=True, help="An option and its values: OPTION=VALUE,VALUE,… May be repeated."
)
@run_flags
def sweep(method: str, vary: Sequence[str], as_json: bool, **given: Any) -> int:
    """Vary one option of a method at a time, at equal cost: which options matter?

    Options are those of the method (verifier, n, …) and of every method: prompt (direct, cot, reread, …),
    sampling.temperature, sampling.top_p, … Every arm is run with the n of the base first. Then its n is set so that it
    takes as many completion tokens as the base, and the missing samples are drawn.
    """
    with blame("--vary"):
        wanted = arms(method, _options(vary))
    run = make_run(",".join(arm.spec for arm in wanted), "--method", given)
    swept_arms = run_visibly(run, lambda watch: swept(run, wanted, watch))
    if swept_arms is None:
        return EXIT_INTERRUPTED
    code = show_all(run, swept_arms.comparison, as_json=as_json)
    if not as_json:
        for line in sweep_lines(swept_arms):
            output().print(line, highlight=False, markup=False, soft_wrap=True)
    return code


def _options(given: Sequence[str]) -> dict[str, list[str]]:
    vary: dict[str, list[str]] = {}
    for text in given:
        option, sign, values = text.partition("=")
        if not (option and sign and values):
            raise UsageError(f"expected OPTION=VALUE,VALUE such as prompt=cot,reread, got {text!r}").about("--vary")
        vary.setdefault(option, []).extend(split_specs(values))
    return vary
