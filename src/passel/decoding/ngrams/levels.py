"""Contexts of one length, as arrays, and the few array operations that counting, merging and asking share.

The contexts are a trie read backwards: a context of j tokens is a child of the context of its last j - 1, under its
oldest token. So one walk from the last token towards the past passes through the contexts of all lengths, and contexts
are held exactly: there are no hashes, hence no collisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ints", "Level", "Unsigned", "first", "narrow", "offsets", "owners", "ranked", "tallied"]

Ints = NDArray[np.int64]
Unsigned = NDArray[Any]
"""An array of unsigned integers, of the smallest type that holds its values."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The contexts of one length, ordered by their parent's number, then by their oldest token.

    Args:
        tokens: oldest token of each context [contexts].
        children: where each context's children begin in the next level, and where the last one's end [contexts + 1];
            empty at the longest contexts.
        first_row: where each context's rows begin, and where the last one's end [contexts + 1]. This and all below are
            empty where the order is not kept.
        following: next tokens, ascending within a context [rows].
        counts: how often each came [rows].
        totals: how often the context came with anything after it, rows left out for their small count
            included [contexts].
    """

    tokens: Unsigned
    children: Unsigned
    first_row: Unsigned
    following: Unsigned
    counts: Unsigned
    totals: Unsigned


def narrow(largest: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds a number."""
    return np.min_scalar_type(max(0, largest))


def first(ordered: Unsigned, value: int, *, after: bool = False) -> int:
    """Index of the first element >= value (> value with `after`).

    The value takes the array's type: were it wider, numpy would copy the whole array, which may be a file, to compare.
    """
    kind: np.dtype[Any] = ordered.dtype
    if value > _largest(kind):
        return len(ordered)
    return int(ordered.searchsorted(np.array(value, kind), side="right" if after else "left"))


@cache
def _largest(kind: np.dtype[Any]) -> int:
    return int(np.iinfo(kind).max)


def offsets(owner: Ints, count: int) -> Ints:
    """Where each owner's elements begin, and where the last one's end [count + 1]. owner: ascending, in [0, count)."""
    return np.searchsorted(owner, np.arange(count + 1))


def owners(edges: Unsigned, begin: int, end: int) -> Ints:
    """To whom the elements begin, …, end - 1 belong, by the offsets of all owners; the inverse of `offsets`."""
    if begin == end:
        return np.zeros(0, np.int64)
    one = first(edges, begin, after=True) - 1
    inside = np.clip(edges[one : first(edges, end) + 1].astype(np.int64), begin, end)
    return one + np.repeat(np.arange(len(inside) - 1), np.diff(inside))


def ranked(keys: Ints) -> tuple[Ints, Ints]:
    """The different keys in order [different], and each key's place among them [keys]."""
    order = np.argsort(keys)
    ordered = keys[order]
    fresh = _changes(ordered)
    places = np.empty(len(keys), np.int64)
    places[order] = np.cumsum(fresh) - 1
    return ordered[fresh], places


def tallied(keys: Ints, counts: Ints | None = None) -> tuple[Ints, Ints]:
    """The different keys in order, and the sum of the counts of each; every key counts one if none are given."""
    if counts is None:
        ordered = np.sort(keys)
    else:
        order = np.argsort(keys)
        ordered, counts = keys[order], counts[order]
    starts = np.flatnonzero(_changes(ordered))
    if counts is None:
        return ordered[starts], np.diff(starts, append=len(ordered))
    return ordered[starts], np.add.reduceat(counts, starts) if len(starts) else counts[:0]


def _changes(ordered: Ints) -> NDArray[np.bool_]:
    fresh = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return fresh
