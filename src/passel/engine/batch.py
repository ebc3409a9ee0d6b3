"""One pass's metadata: which tokens, where they stand, where their keys and values go, and what each of them sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from passel.engine.cache.pages import Ints

__all__ = ["LONG", "Batch", "Piece", "Segments", "Stretch", "batch_of"]

LONG = 24
"""Tokens of a chain from which on a dense product over all of them is faster than one row at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """New tokens of one branch.

    Args:
        tokens: ids [n]. embeddings: [n, hidden size] in their place, or None.
        positions: int32 [n]. slots: int32 [n], where they go.
        seen: slots of the branch before them. parents: as in `Forward`; None for a chain.
        reads: slots of other branches seen, and the first token's position to each of them.
        full: whether each sees all of them.
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
    """See `kernels.View`: the same, without what depends on the layer. `ahead`: tokens that each row sees after its own
    place, for layers with a window: it reaches back from that place, not from the last token seen."""

    where: Ints
    begin: Ints
    query: Ints
    offset: Ints
    length: Ints
    table: Ints
    ahead: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A long chain, which attends as one dense product: tokens [start, stop) of the batch, over `slots`; full: each
    sees all of them."""

    start: int
    stop: int
    slots: Tensor
    full: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """All pieces of a pass, laid end to end.

    Args:
        tokens: int64 [tokens]. embeddings: (places, values) that stand in their place, or None.
        source, q_position: int32 [queries]: one a token, in order, and then those of reads.
        k_position, slots: int32 [tokens].
        segments: of the tokens that attend row by row. stretches: the others.
        reads: whether a token sees other branches.
    """

    tokens: Tensor
    embeddings: tuple[Tensor, Tensor] | None
    source: Tensor
    q_position: Tensor
    k_position: Tensor
    slots: Tensor
    segments: Segments
    stretches: tuple[Stretch, ...]


def batch_of(table: Ints, rows: Ints, lengths: Ints, tokens: Ints, slots: Ints, pieces: Sequence[Piece]) -> Batch:
    """A batch of one new token in each of some branches, and of longer pieces.

    Args:
        table: int32 [all rows, tokens], the slots of the cache's branches; contiguous.
        rows: int32 [n], the branches. lengths: with the new token. tokens, slots: of the new tokens.
        pieces: others.
    """
    maker = _Maker(table, rows, lengths)
    for piece in pieces:
        maker.add(piece)
    ids = [tokens, *(piece.tokens for piece in pieces)]
    places = [lengths - 1, *(piece.positions for piece in pieces)]
    kept = [slots, *(piece.slots for piece in pieces)]
    positions = np.concatenate(places).astype(np.int32)
    source = np.arange(len(positions), dtype=np.int32)
    if maker.queries:
        source = np.concatenate((source, np.asarray([token for token, _ in maker.queries], dtype=np.int32)))
    q_position = positions
    if maker.queries:
        q_position = np.concatenate((positions, np.asarray([at for _, at in maker.queries], dtype=np.int32)))
    return Batch(
        torch.from_numpy(np.concatenate(ids).astype(np.int64)),
        maker.embeddings,
        torch.from_numpy(source),
        torch.from_numpy(q_position),
        torch.from_numpy(positions),
        torch.from_numpy(np.concatenate(kept).astype(np.int32)),
        maker.segments(),
        tuple(maker.stretches),
    )


class _Maker:
    """Gathers what each token sees, piece by piece."""

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
        self.stretches: list[Stretch] = []
        self._embedded: list[tuple[int, Tensor]] = []
        self._sizes: list[int] = []

    @property
    def embeddings(self) -> tuple[Tensor, Tensor] | None:
        """Places of the tokens that have embeddings of their own, and these."""
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
            self.stretches.append(Stretch(start, start + count, slots, piece.full))
            return
        seen = self._list(piece.seen)
        own = self._list(piece.slots)
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
                parts += self._segment(start + i, own, count if piece.full else i + 1)
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
        extra = [one if one >= 0 else self._total - one - 1 for one in self._query]
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
