"""Counts the n-grams of a chunk of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from passel.decoding.ngrams.corpus import Piece
from passel.decoding.ngrams.levels import Ints, Level, offsets, ranked, tallied

__all__ = ["Chunk", "chunks", "count"]

_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens that are counted at once.

    Args:
        ids: token ids [tokens].
        starts: whether a document begins with the token [tokens].
        skip: number of leading tokens that were counted with the chunk before; here they are only contexts.
    """

    ids: Ints
    starts: NDArray[np.bool_]
    skip: int


def chunks(pieces: Iterable[Piece], *, size: int, overlap: int) -> Iterator[Chunk]:
    """Joins pieces and cuts them into chunks of `size` new tokens, each after the last `overlap` tokens before it.

    A document without tokens leaves no trace: the next one still begins.
    """
    ids: list[Ints] = []
    starts: list[NDArray[np.bool_]] = []
    length = skip = 0
    fresh = False
    for piece in pieces:
        fresh |= piece.fresh
        if not len(piece.ids):
            continue
        begins = np.zeros(len(piece.ids), np.bool_)
        begins[0], fresh = fresh, False
        ids.append(piece.ids)
        starts.append(begins)
        length += len(piece.ids)
        while length - skip >= size:
            whole = Chunk(np.concatenate(ids), np.concatenate(starts), skip)
            end = skip + size
            yield Chunk(whole.ids[:end], whole.starts[:end], skip)
            kept = max(0, end - overlap)
            ids, starts, skip = [whole.ids[kept:]], [whole.starts[kept:]], end - kept
            length = len(ids[0])
    if length > skip:
        yield Chunk(np.concatenate(ids), np.concatenate(starts), skip)


def count(chunk: Chunk, *, longest: int, bits: int) -> list[Level]:
    """The contexts of 1, …, `longest` tokens and the tokens after them. No n-gram reaches over a document's beginning.

    A context's key is its parent's number and its oldest token in one 64-bit integer, so each level takes two sorts of
    integers, whatever its length. Time O(tokens log tokens) a level; memory about 200 bytes a token.

    Args:
        chunk: of which all tokens but the skipped are counted.
        longest: tokens of the longest context, one less than the highest order.
        bits: that hold a token id.
    """
    mask = (1 << bits) - 1
    place = np.arange(len(chunk.ids))
    past = place - np.maximum.accumulate(np.where(chunk.starts, place, 0))  # tokens before it in its document
    target = place[chunk.skip :]
    node = np.zeros(len(target), np.int64)
    contexts: list[Ints] = []
    found: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
    for length in range(1, longest + 1):
        inside = past[target] >= length
        target, node = target[inside], node[inside]
        keys, node = ranked(node << bits | chunk.ids[target - length])
        rows, counts = tallied(node << bits | chunk.ids[target])
        contexts.append(keys >> bits)
        totals = np.bincount(node, minlength=len(keys))
        found.append((keys & mask, offsets(rows >> bits, len(keys)), rows & mask, counts, totals))
    children = [offsets(below, len(above)) for above, below in pairwise(contexts)]
    return [Level(tokens, after, *rest) for (tokens, *rest), after in zip(found, [*children, _NONE], strict=True)]
