"""`passel methods`: what there is, from which paper, what it needs and costs."""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from passel.cli.parts.output import output
from passel.core.docs import describe
from passel.core.errors import UsageError
from passel.core.find import find, names
from passel.core.needs import needs_of
from passel.models import load
from passel.tasks.parts.extra import need

__all__ = ["methods"]


@click.command()
@click.option("--model", help="Mark what this model can do.")
@click.option("--verifiers", is_flag=True, help="List the verifiers instead.")
@click.option("--decoders", is_flag=True, help="List the decoding methods of the engine instead.")
def methods(model: str | None, verifiers: bool, decoders: bool) -> None:
    """List the methods: source, what each needs of a model, what it costs, its options."""
    if verifiers and decoders:
        raise UsageError("--verifiers and --decoders are two lists: ask for one of them")
    if decoders:
        need("torch", "engine")
    room = "verifiers" if verifiers else "decoding" if decoders else "methods"
    can = load(model).info.can if model else None
    out = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    out.add_column("decoder" if decoders else room.rstrip("s"), no_wrap=True)
    for column in ("what it does", "needs", "cost", "options"):
        out.add_column(column, overflow="fold")
    if can is not None:
        out.add_column(f"with {model}")
    for name in names(room):
        thing = find(room, name)
        about = describe(thing)
        wanted = needs_of(thing, {option: default for option, (_, default) in about.options.items()})
        if decoders:
            wanted = {"generator": frozenset({"forward"})}
        needs = ", ".join(f"{role}: {' '.join(sorted(what))}" for role, what in sorted(wanted.items()))
        options = " ".join(f"{option}={_shown(default)}" for option, (_, default) in about.options.items())
        row = [f"[bold]{name}[/]", f"{escape(about.summary)}\n[dim]{escape(about.paper)}[/]"]
        row += [needs or "nothing", escape(about.cost), escape(options)]
        if can is not None:
            missing = {c for role, what in wanted.items() if role not in ("tool",) for c in what} - can
            row.append("yes" if not missing else f"no: {', '.join(sorted(missing))}")
        out.add_row(*row)
    output().print(out)


def _shown(default: object) -> str:
    return getattr(default, "__name__", str(default).replace("\n", "\\n"))
