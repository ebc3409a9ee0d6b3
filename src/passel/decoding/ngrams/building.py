"""From tokens to a file of tables, in memory that does not grow with the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from passel.core.errors import UsageError
from passel.core.progress import OnProgress, silent
from passel.decoding.ngrams.corpus import Piece
from passel.decoding.ngrams.counting import Chunk, chunks, count
from passel.decoding.ngrams.layout import FIELDS, About, Columns, column_of, write
from passel.decoding.ngrams.levels import Level
from passel.decoding.ngrams.merging import merge
from passel.decoding.ngrams.tables import Tables, open_tables
from passel.decoding.ngrams.vocabulary import Vocabulary

__all__ = ["CHUNK", "HIGHEST", "PORTION", "build", "check_orders"]

CHUNK = 1 << 20
"""Tokens that are counted at once; about 200 bytes of memory each."""

PORTION = 1 << 20
"""Contexts and rows that are merged at once; about 200 bytes of memory each."""

HIGHEST = 8


def build(
    pieces: Iterable[Piece],
    out: str | Path,
    *,
    vocabulary: Vocabulary,
    orders: tuple[int, int] = (2, 6),
    min_count: int = 1,
    chunk: int = CHUNK,
    portion: int = PORTION,
    on_progress: OnProgress = silent,
) -> Tables:
    """Counts the n-grams of documents and writes their tables.

    Each chunk is counted and put on disk, then all are merged; what comes out does not depend on `chunk` or `portion`.
    Disk space of about twice the tables' is needed beside `out` while they are made, and the file takes its name when
    it is whole. No n-gram reaches from one document into the next.

    Args:
        pieces: the documents' tokens, as `tokenised` makes them.
        out: the file to write; one of that name is replaced.
        vocabulary: of the tokenizer that made the tokens.
        orders: the lowest and the highest, from 2 to 8. The lower ones are counted in any case, and may be left out.
        min_count: rows, that is n-grams, that came less often are left out; totals of contexts still count them.
        chunk: tokens that are counted at once.
        portion: contexts and rows that are merged at once.
        on_progress: is told of the merging, in levels.

    Raises:
        UsageError: an option is out of range; a token is not in the vocabulary; no document has two tokens.
    """
    check_orders(orders)
    for name, value in {"min_count": min_count, "chunk": chunk, "portion": portion}.items():
        if value < 1:
            raise UsageError(f"{name} of n-gram tables must be at least 1, got {value}")
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".ngrams-") as name:
        folder = Path(name)
        tally = _Tally()
        runs: list[Tables] = []
        for part in chunks(tally.seen(pieces), size=chunk, overlap=orders[1] - 1):
            _check_tokens(part, vocabulary)
            levels = count(part, longest=orders[1] - 1, bits=vocabulary.bits)
            about = About(vocabulary, (2, orders[1]), 1, len(part.ids) - part.skip, 0)
            write(folder / f"{len(runs)}.run", about, [_columns(level) for level in levels])
            runs.append(open_tables(folder / f"{len(runs)}.run"))
        if not any(len(run.levels[0].tokens) for run in runs):
            raise UsageError("no n-grams to count: no document has two tokens")
        columns = merge(
            [run.levels for run in runs],
            folder,
            bits=vocabulary.bits,
            min_count=min_count,
            portion=portion,
            told=lambda done: on_progress("merging", done, orders[1] - 1),
        )
        about = About(vocabulary, orders, min_count, tally.tokens, tally.documents)
        write(folder / "whole", about, [_kept(one, order, orders[0]) for order, one in enumerate(columns, 2)])
        (folder / "whole").replace(out)
    return open_tables(out)


def check_orders(orders: tuple[int, int]) -> None:
    """Raises UsageError unless these are the lowest and the highest order of tables that can be built."""
    if not 2 <= orders[0] <= orders[1] <= HIGHEST:
        raise UsageError(f"orders of n-grams must be a range within 2-{HIGHEST}, got {orders[0]}-{orders[1]}")


class _Tally:
    """Counts what passes by."""

    def __init__(self) -> None:
        self.tokens = self.documents = 0

    def seen(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            self.tokens += len(piece.ids)
            self.documents += piece.fresh
            yield piece


def _check_tokens(part: Chunk, vocabulary: Vocabulary) -> None:
    low, high = int(np.min(part.ids)), int(np.max(part.ids))
    if low < 0 or high >= vocabulary.size:
        raise UsageError(f"token {low if low < 0 else high} is not in the vocabulary of {vocabulary.size} tokens")


def _columns(level: Level) -> Columns:
    return {name: column_of(getattr(level, name)) for name in FIELDS}


def _kept(columns: Columns, order: int, lowest: int) -> Columns:
    """The columns of an order that is kept; of a lower one, those that longer contexts hang on."""
    return {name: one for name, one in columns.items() if order >= lowest or name in ("tokens", "children")}
