"""The metadata of one pass: its tokens, their positions, the slots of their keys and values, and what each token
sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from passel.engine.cache.pages import Ints

__all__ = ["LONG", "Batch", "DenseSpan", "Piece", "Segments", "batch_of"]

LONG = 24
"""From so many tokens of a chain on, a dense product over all of them is faster than one row at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """New tokens of one branch.

    Args:
        tokens: ids [n]. embeddings: [n, hidden size] in their place, or None.
        positions: int32 [n]. slots: int32 [n], of their keys and values.
        seen: slots of the branch before them. parents: as in `Forward`; None for a chain.
        reads: slots of the other branches seen, and the first token's position relative to each of them.
        full: whether each token sees all new tokens.
    """

    tokens: Ints
    positions: Ints
    slots: Ints
    seen: Ints
    embeddings: Tensor | None = None
    parents: Sequence[int] | None = None
    reads: tuple[tuple[Ints, int], ...] = ()
    full: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """A `kernels.View` without the fields that depend on the layer. `ahead`: tokens that each row sees after its own
    place, for layers with a window: it reaches back from that place, not from the last token seen."""

    where: Ints
    begin: Ints
    query: Ints
    offset: Ints
    length: Ints
    table: Ints
    ahead: Ints


@dataclass(frozen=True, slots=True, eq=False)
class DenseSpan:
    """A long chain, which attends as one dense product: tokens [start, stop) of the batch, over `slots`; full: each
    token sees all of them."""

    start: int
    stop: int
    slots: Tensor
    full: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """All pieces of a pass, laid end to end.

    Args:
        tokens: int64 [tokens]. embeddings: (places, values) used in place of the tokens' embeddings, or None.
        source, q_position: int32 [queries]: one query a token, in order, then the queries of reads.
        k_position, slots: int32 [tokens].
        segments: of the tokens that attend row by row. dense_spans: the other tokens.
    """

    tokens: Tensor
    embeddings: tuple[Tensor, Tensor] | None
    source: Tensor
    q_position: Tensor
    k_position: Tensor
    slots: Tensor
    segments: Segments
    dense_spans: tuple[DenseSpan, ...]


def batch_of(table: Ints, rows: Ints, lengths: Ints, tokens: Ints, slots: Ints, pieces: Sequence[Piece]) -> Batch:
    """Makes a batch of one new token in each of some branches, and of longer pieces.

    Args:
        table: int32 [all rows, tokens], the slots of the cache's branches; contiguous.
        rows: int32 [n], the branches. lengths: of the branches, with the new token. tokens, slots: of the new tokens.
        pieces: the longer pieces.
    """
    builder = _BatchBuilder(table, rows, lengths)
    for piece in pieces:
        builder.add(piece)
    ids = [tokens, *(piece.tokens for piece in pieces)]
    places = [lengths - 1, *(piece.positions for piece in pieces)]
    all_slots = [slots, *(piece.slots for piece in pieces)]
    positions = np.concatenate(places).astype(np.int32)
    source = np.arange(len(positions), dtype=np.int32)
    if builder.queries:
        source = np.concatenate((source, np.asarray([token for token, _ in builder.queries], dtype=np.int32)))
    q_position = positions
    if builder.queries:
        q_position = np.concatenate((positions, np.asarray([at for _, at in builder.queries], dtype=np.int32)))
    return Batch(
        torch.from_numpy(np.concatenate(ids).astype(np.int64)),
        builder.embeddings,
        torch.from_numpy(source),
        torch.from_numpy(q_position),
        torch.from_numpy(positions),
        torch.from_numpy(np.concatenate(all_slots).astype(np.int32)),
        builder.segments(),
        tuple(builder.dense_spans),
    )


class _BatchBuilder:
    """Gathers, piece by piece, what each token sees."""

    def __init__(self, table: Ints, rows: Ints, lengths: Ints) -> None:
        self._first = len(rows)
        self._total = self._first
        self._offset = [(rows.astype(np.int64) * table.shape[1]).astype(np.int32)]
        self._length = [lengths.astype(np.int32)]
        self._tables = [table.reshape(-1)]
        self._listed = table.size
        self._where: list[int] = []
        self._counts: list[int] = []
        self._ahead: list[int] = []
        self._query: list[int] = []
        self._more: list[tuple[int, int]] = []
        self.queries: list[tuple[int, int]] = []
        self.dense_spans: list[DenseSpan] = []
        self._embedded: list[tuple[int, Tensor]] = []
        self._sizes: list[int] = []

    @property
    def embeddings(self) -> tuple[Tensor, Tensor] | None:
        """Places and embeddings of the tokens that were given as embeddings."""
        if not self._embedded:
            return None
        places = [torch.arange(start, start + len(values)) for start, values in self._embedded]
        return torch.cat(places), torch.cat([values for _, values in self._embedded])

    def add(self, piece: Piece) -> None:
        start, count = self._total, len(piece.tokens)
        self._total += count
        if piece.embeddings is not None:
            self._embedded.append((start, piece.embeddings))
        if count >= LONG and piece.parents is None and not piece.reads:
            slots = torch.from_numpy(np.concatenate((piece.seen, piece.slots)))
            self.dense_spans.append(DenseSpan(start, start + count, slots, piece.full))
            return
        seen = self._list(piece.seen)
        new = self._list(piece.slots)
        reads = [(self._list(slots), len(slots), at) for slots, at in piece.reads]
        for i in range(count):
            self._where.append(start + i)
            parts = 0
            for offset, length, at in reads:
                if length:
                    self.queries.append((start + i, at + int(piece.positions[i]) - int(piece.positions[0])))
                    self._segment(-len(self.queries), offset, length)
                    parts += 1
            parts += self._segment(start + i, seen, len(piece.seen))
            if piece.parents is None:
                parts += self._segment(start + i, new, count if piece.full else i + 1)
            else:
                path = _ancestors(piece.parents, i)
                parts += self._segment(start + i, self._list(piece.slots[path]), len(path))
            self._counts.append(parts)
            self._ahead.append(count - i - 1 if piece.full else 0)

    def segments(self) -> Segments:
        where = np.concatenate((np.arange(self._first), self._where)).astype(np.int32)
        counts = np.concatenate((np.ones(self._first, dtype=np.int64), np.asarray(self._counts, dtype=np.int64)))
        begin = np.concatenate(([0], counts.cumsum())).astype(np.int32)
        # extra queries stand behind those of the tokens themselves
        extra = [query if query >= 0 else self._total - query - 1 for query in self._query]
        query = np.concatenate((np.arange(self._first), extra)).astype(np.int32)
        offset = np.concatenate((*self._offset, np.asarray([o for o, _ in self._more], dtype=np.int64)))
        length = np.concatenate((*self._length, np.asarray([n for _, n in self._more], dtype=np.int64)))
        table = self._tables[0] if len(self._tables) == 1 else np.concatenate(self._tables)
        ahead = np.concatenate((np.zeros(self._first), self._ahead)).astype(np.int32)
        return Segments(where, begin, query, offset.astype(np.int32), length.astype(np.int32), table, ahead)

    def _segment(self, query: int, offset: int, length: int) -> int:
        if not length:
            return 0
        self._query.append(query)
        self._more.append((offset, length))
        return 1

    def _list(self, slots: Ints) -> int:
        offset = self._listed
        self._tables.append(slots)
        self._listed += len(slots)
        return offset


def _ancestors(parents: Sequence[int], at: int) -> list[int]:
    path = [at]
    while parents[path[-1]] >= 0:
        path.append(parents[path[-1]])
    return path[::-1]
