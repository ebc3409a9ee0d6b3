"""`passel ask`: answer one question with one method."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console

from passel.cli.parts.downloads import fetch
from passel.cli.parts.flags import (
    DEFAULT_MODEL,
    blame,
    budget_of,
    context_flags,
    length_flag,
    roles_of,
    sampling_flags,
    sampling_of,
    with_context,
    with_length,
)
from passel.core.errors import UsageError
from passel.core.options import split_specs

__all__ = ["ask"]


@click.command()
@click.argument("question")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Model spec; see `passel models`.")
@click.option(
    "--method",
    default="vote",
    show_default=True,
    help="Method spec, such as best_of:verifier=judge or file.py:name; see `passel methods`.",
)
@click.option("--n", type=click.IntRange(1), help="Number of samples, for a method that takes n.")
@sampling_flags
@click.option("--role", "roles", multiple=True, help="Model of another role: judge=SPEC. May be repeated.")
@click.option(
    "--instruction",
    default=None,
    help="How to answer.  [default: the instruction that the model was trained with, if any]",
)
@click.option("--system", default="", help="System message.")
@context_flags
@length_flag
@click.option("--budget", default="", help="Limits of all passes together: passes=…,tokens=…,money=…,seconds=…")
@click.option("--pilot", help="Folder of an earlier comparison, for methods that choose by it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all samples.")
@click.option("--show", is_flag=True, help="Show every candidate.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer, its cost and all candidates as JSON.")
def ask(question: str, as_json: bool, show: bool, **given: Any) -> int:
    """Answer one QUESTION ("-" reads it from standard input) with a method."""
    from passel.api.solve import solve

    if question == "-":
        question = sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    if not question.strip():
        raise UsageError("the question is empty").about("QUESTION")
    if len(split_specs(given["method"])) > 1:
        raise UsageError(f"must be one method, got {given['method']!r}; compare takes several", field="--method")
    sampling = sampling_of(given)
    model, question = with_context(with_length(given), question, given)
    roles = roles_of(given["roles"])
    errors = Console(stderr=True)
    for spec in {model, *roles.values()}:
        with blame("--model" if spec == model else "--role"):
            fetch(spec, errors)
    options = {} if given["n"] is None else {"n": given["n"]}
    solution = solve(
        question,
        model=model,
        method=given["method"],
        roles=roles,
        sampling=sampling,
        instruction=given["instruction"],
        system=given["system"],
        budget=budget_of("--budget", given["budget"]),
        pilot=given["pilot"],
        seed=given["seed"],
        **options,
    )
    if as_json:
        click.echo(json.dumps(asdict(solution)))
    else:
        _print(solution, show)
    if solution.error:
        raise click.ClickException(solution.error)
    if solution.result.stop == "budget":
        click.echo("passel: the budget ended the method; this is the best answer so far", err=True)
        return 3
    return 0


def _print(solution: Any, show: bool) -> None:
    if show:
        for index, candidate in enumerate(solution.result.candidates):
            score = "" if candidate.score is None else f"  score {candidate.score:.3f}"
            answer = candidate.answer.text if candidate.answer else "no answer"
            click.secho(f"[{index}] {answer}{score}", fg="cyan", err=True)
            click.secho(candidate.text, dim=True, err=True)
            if candidate.reason:
                click.secho(candidate.reason, fg="yellow", err=True)
    click.echo(str(solution) or "no answer")
    cost = solution.cost
    words = [f"{cost.passes} passes", f"{cost.tokens} tokens"] + ([f"${cost.money:.6f}"] if cost.money else [])
    if failed := sum(c.stop not in ("end", "cancelled") for c in solution.result.candidates):
        words.append(f"{failed} failed or cut short")
    if solution.result.confidence is not None:
        words.append(f"confidence {solution.result.confidence:.2f}")
    click.secho(", ".join(words), dim=True, err=True)
    if error := next((c.error for c in solution.result.candidates if c.error), None):
        click.secho(f"the first that failed: {error}", dim=True, err=True)
