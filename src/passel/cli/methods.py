"""`passel methods`: what there is, from which paper, what it needs and costs."""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from passel.cli.parts.output import output
from passel.core.docs import describe
from passel.core.errors import UsageError
from passel.core.extras import need
from passel.core.needs import needs_of
from passel.core.registry import find, names
from passel.models import load

__all__ = ["methods"]


@click.command()
@click.option("--model", help="Mark what this model can do.")
@click.option("--verifiers", is_flag=True, help="List the verifiers instead.")
@click.option("--decoders", is_flag=True, help="List the decoding methods of the engine instead.")
@click.option("--recipes", is_flag=True, help="List what `passel train` can train instead.")
def methods(model: str | None, **lists: bool) -> None:
    """List the methods: source, what each needs of a model, what it costs, its options."""
    asked = [name for name, wanted in lists.items() if wanted]
    if len(asked) > 1:
        raise UsageError(f"cannot be given together with --{asked[1]}: they are two lists", field=f"--{asked[0]}")
    kind = asked[0] if asked else "methods"
    room = {"decoders": "decoding", "recipes": "training"}.get(kind, kind)
    if room != kind:
        need("torch", "engine")
    can = load(model).info.can if model else None
    out = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    out.add_column(kind.rstrip("s"), no_wrap=True)
    for column in ("what it does", "needs", "cost", "options"):
        out.add_column(column, overflow="fold")
    if can is not None:
        out.add_column(f"with {model}")
    for name in names(room):
        thing = find(room, name)
        about = describe(thing)
        wanted = needs_of(thing, {option: default for option, (_, default) in about.options.items()})
        if room != kind:
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
