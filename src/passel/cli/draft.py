"""`passel draft`: several drafts that continue a text, as an editor's autocomplete offers them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from passel.api.draft import DRAFT_MODEL, Drafter, Suggestion
from passel.cli.parts.downloads import fetch
from passel.cli.parts.flags import blame
from passel.cli.parts.output import output
from passel.cli.parts.progress import shown

__all__ = ["draft"]

OnDrafts = Callable[[tuple[str, ...]], None]


@click.command()
@click.argument("text")
@click.option(
    "-k", type=click.IntRange(1), help="Number of drafts, if the decoder makes several.  [default: the decoder's]"
)
@click.option("--model", default=DRAFT_MODEL, show_default=True, help="Catalog name, .gguf, folder or hf:ORG/NAME.")
@click.option("--max-tokens", type=click.IntRange(1), default=15, show_default=True, help="Maximum length of a draft.")
@click.option(
    "--decoder", default="superposed", show_default=True, help="Decoder spec; see `passel methods --decoders`."
)
@click.option("--ngrams", type=click.Path(path_type=Path), help="Tables from `passel ngrams` to weigh drafts by.")
@click.option("--stream/--no-stream", default=None, help="Show drafts as they come.  [default: on a terminal]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of decoders that sample.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --stream a line for each token.")
def draft(text: str, k: int | None, model: str, stream: bool | None, as_json: bool, **given: Any) -> None:
    """Draft continuations of TEXT ("-" reads it from standard input), best first.

    The text is continued as it is, without a chat template.
    """
    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace").rstrip("\n")
    console, errors = output(), Console(stderr=True)
    with blame("--model"), shown(errors) as on_progress:
        fetch(model.removeprefix("torch:"), errors)
        drafter = Drafter(model, on_progress=on_progress)
    streams = (sys.stdout.isatty() and not as_json) if stream is None else stream
    with drafter, _shower(console, text, streams, as_json) as on_drafts:
        suggestions = drafter.draft(text, k, on_drafts=on_drafts, **given)
    if as_json:
        click.echo(json.dumps({"text": text, "drafts": [asdict(suggestion) for suggestion in suggestions]}))
    else:
        console.print(_rendered(text, [suggestion.text for suggestion in suggestions], suggestions))


@contextmanager
def _shower(console: Console, text: str, streams: bool, as_json: bool) -> Generator[OnDrafts | None]:
    """Gives a function that shows drafts as they change: in place on a terminal, else one after another."""
    if not streams:
        yield None
    elif as_json:
        yield lambda drafts: click.echo(json.dumps({"drafts": drafts}))
    elif not console.is_terminal:
        yield lambda drafts: console.print(_rendered("", drafts), "")
    else:
        with Live(_rendered(text, ()), console=console, transient=True, auto_refresh=False) as live:
            yield lambda drafts: live.update(_rendered(text, drafts), refresh=True)


def _rendered(text: str, drafts: Sequence[str], suggestions: Sequence[Suggestion] = ()) -> Table:
    """Returns the last line of the text, and below it the drafts by rank, each on one line."""
    table = Table.grid(padding=(0, 1))
    if last := next(reversed(text.splitlines()), ""):
        table.add_row("", Text(_printable(last), overflow="ellipsis", no_wrap=True), "")
    for rank, draft in enumerate(drafts):
        score = suggestions[rank].score if suggestions else None
        line = Text(_printable(draft), style="bold" if rank == 0 else "", overflow="ellipsis", no_wrap=True)
        table.add_row(
            Text(str(rank + 1), style="dim"), line, Text("" if score is None else f"{score:.2f}", style="dim")
        )
    return table


def _printable(text: str) -> str:
    """Returns the text on one line, without control characters."""
    return "".join(c if c.isprintable() else "⏎" if c == "\n" else " " if c.isspace() else "�" for c in text)
