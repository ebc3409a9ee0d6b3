"""Builds a file of tables from tokens, in memory that does not grow with the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from passel.core.errors import UsageError
from passel.core.progress import OnProgress, silent
from passel.decoding.ngrams.corpus import Piece
from passel.decoding.ngrams.counting import Chunk, chunks, count
from passel.decoding.ngrams.layout import FIELDS, Columns, TablesInfo, column_of, write
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

    Each chunk is counted and written to disk, then all chunks are merged; the result does not depend on `chunk` or
    `portion`. While the tables are built, about twice their size is needed on disk beside `out`; the file gets its name
    when it is complete. No n-gram reaches from one document into the next.

    Args:
        pieces: the documents' tokens, as `tokenised` makes them.
        out: the file to write; an existing file is replaced.
        vocabulary: of the tokenizer that made the tokens.
        orders: the lowest and the highest order, from 2 to 8. Lower orders are always counted, but may be left out.
        min_count: rows, that is n-grams, with a smaller count are left out; totals of contexts still include them.
        chunk: number of tokens that are counted at once.
        portion: number of contexts and rows that are merged at once.
        on_progress: called during the merging, with the number of merged levels.

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
            info = TablesInfo(vocabulary, (2, orders[1]), 1, len(part.ids) - part.skip, 0)
            write(folder / f"{len(runs)}.run", info, [_columns(level) for level in levels])
            runs.append(open_tables(folder / f"{len(runs)}.run"))
        if not any(len(run.levels[0].tokens) for run in runs):
            raise UsageError("no n-grams to count: no document has two tokens")
        columns = merge(
            [run.levels for run in runs],
            folder,
            bits=vocabulary.bits,
            min_count=min_count,
            portion=portion,
            on_level=lambda done: on_progress("merging", done, orders[1] - 1),
        )
        info = TablesInfo(vocabulary, orders, min_count, tally.tokens, tally.documents)
        write(folder / "whole", info, [_kept_columns(one, order, orders[0]) for order, one in enumerate(columns, 2)])
        (folder / "whole").replace(out)
    return open_tables(out)


def check_orders(orders: tuple[int, int]) -> None:
    """Raises UsageError unless these are the lowest and the highest order of tables that can be built."""
    if not 2 <= orders[0] <= orders[1] <= HIGHEST:
        raise UsageError(f"orders of n-grams must be a range within 2-{HIGHEST}, got {orders[0]}-{orders[1]}")


class _Tally:
    """Counts the tokens and documents that pass through."""

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


def _kept_columns(columns: Columns, order: int, lowest: int) -> Columns:
    """All columns of a kept order; of a lower order, only those that longer contexts refer to."""
    return {name: one for name, one in columns.items() if order >= lowest or name in ("tokens", "children")}
