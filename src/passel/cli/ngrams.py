"""`passel ngrams`: count the n-grams of texts, to weigh drafts by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from passel.cli.parts.flags import blame
from passel.cli.parts.output import output
from passel.cli.parts.progress import shown
from passel.cli.parts.tokenizer import load_tokenizer
from passel.core.errors import UsageError
from passel.core.extras import need

if TYPE_CHECKING:
    from passel.decoding.ngrams import Tables

__all__ = ["ngrams"]


@click.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model", required=True, help="Model whose tokens are counted: a name of the catalog, a .gguf file or a folder."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File for the tables.")
@click.option("--orders", default="2-6", show_default=True, help="Range of n, within 2-8.")
@click.option(
    "--min-count", type=click.IntRange(1), default=1, show_default=True, help="Leave out n-grams that occur less often."
)
@click.option("--field", default="text", show_default=True, help="Field of the text in the rows of a .jsonl file.")
def ngrams(texts: Sequence[Path], model: str, out: Path, orders: str, min_count: int, field: str) -> None:
    """Count the n-grams of texts in a model's tokens, into one file that is memory-mapped when it is used.

    TEXT is a text file in UTF-8 (one document) or a .jsonl file (one document in each row); either may be compressed
    (.gz). Memory does not grow with the texts. An existing file at --out is replaced when the tables are complete.
    """
    need("torch", "engine")
    from passel.decoding.ngrams import Vocabulary, build, tokenised

    wanted = _orders(orders)
    if out.is_dir():
        raise UsageError(f"must be a file, but {out} is a folder", field="--out")
    for path in texts:
        if not path.is_file():
            raise UsageError(f"{path} is a folder, not a file" if path.is_dir() else f"no file at {path}")
    console = Console(stderr=True)
    tokenizer = load_tokenizer(model, console)
    with shown(console) as on_progress:
        pieces = tokenised(texts, tokenizer, field=field, on_progress=on_progress)
        vocabulary = Vocabulary.of(tokenizer)
        made = build(pieces, out, vocabulary=vocabulary, orders=wanted, min_count=min_count, on_progress=on_progress)
    _show(made)


def _orders(text: str) -> tuple[int, int]:
    from passel.decoding.ngrams import check_orders

    found = re.fullmatch(r"(\d)(?:-(\d))?", text.strip())
    if not found:
        raise UsageError(f"expected a range such as 2-6, got {text!r}").about("--orders")
    wanted = int(found[1]), int(found[2] or found[1])
    with blame("--orders"):
        check_orders(wanted)
    return wanted


def _show(made: Tables) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("order", "contexts", "n-grams"):
        table.add_column(column, justify="right")
    for order, rows in made.size.items():
        table.add_row(str(order), f"{len(made.levels[order - 2].totals):,}", f"{rows:,}")
    console = output()
    console.print(table)
    size, rows, info = len(made.mapped), sum(made.size.values()), made.info
    console.print(
        f"{info.tokens:,} tokens in {info.documents:,} documents; {size / 1e6:.1f} MB in {made.path}, "
        f"{size / max(1, rows):.1f} bytes an n-gram",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
