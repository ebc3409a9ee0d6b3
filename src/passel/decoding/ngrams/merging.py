"""Merges tables that were counted separately, in memory that does not grow with them.

Level by level, from short contexts to long: a context's key is its parent's number among the merged contexts and its
oldest token, in one integer. Each run's contexts are in the order of these keys, so a range of keys is a slice of every
run. Ranges are taken in turn, each with as many contexts and rows as may be held at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from passel.decoding.ngrams.layout import Column
from passel.decoding.ngrams.levels import Ints, Level, Unsigned, first, narrow, owners, ranked, tallied

__all__ = ["merge"]


@dataclass(frozen=True, slots=True)
class _Source:
    """A run's contexts of one length.

    Args:
        level: the contexts.
        above: where the children of each context that is one token shorter begin and end [contexts above + 1].
        codes: of the contexts above: twice its number among the merged ones, plus 1 if it is kept [contexts above]. One
            that was left out has the number of the next kept one, so that codes ascend.
        bits: that hold a token id.
    """

    level: Level
    above: Unsigned
    codes: Ints
    bits: int

    def place(self, key: int) -> int:
        """The first context whose key is at least this."""
        code, token = divmod(key, 1 << self.bits)
        parent = first(self.codes, code)
        if parent == len(self.codes):
            return len(self.level.tokens)
        begin, end = int(self.above[parent]), int(self.above[parent + 1])
        if code % 2 and self.codes[parent] == code:
            return begin + first(self.level.tokens[begin:end], token)
        return begin

    def load(self, key: int) -> int:
        """Contexts and rows before this key."""
        place = self.place(key)
        return place + int(self.level.first_row[place])

    def keys(self, begin: int, end: int) -> Ints:
        """Keys of a slice of the contexts."""
        return self.codes[owners(self.above, begin, end)] << self.bits | self.level.tokens[begin:end].astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Portion:
    """A range of keys, merged. `numbers` and `kept` tell, for each slice of a run, each context's number among the kept
    ones of the portion (the next one's, if it is not kept) and whether it is kept."""

    numbers: Sequence[Ints]
    kept: Sequence[NDArray[np.bool_]]
    parents: Ints
    tokens: Ints
    totals: Ints
    row_ends: Ints
    following: Ints
    counts: Ints


class _Spool:
    """A column that grows in a file."""

    def __init__(self, path: Path, largest: int) -> None:
        self._path, self._kind, self._length, self._largest = path, narrow(largest), 0, 0
        path.touch()

    def add(self, values: Ints) -> None:
        with self._path.open("ab") as file:
            values.astype(self._kind).tofile(file)
        self._length += len(values)
        self._largest = max(self._largest, int(values.max(initial=0)))

    def column(self) -> Column:
        return Column(self._length, self._largest, self._blocks)

    def _blocks(self, size: int = 1 << 20) -> Iterator[NDArray[Any]]:
        with self._path.open("rb") as file:
            while len(block := np.fromfile(file, self._kind, size)):
                yield block


def merge(
    runs: Sequence[Sequence[Level]],
    folder: Path,
    *,
    bits: int,
    min_count: int,
    portion: int,
    on_level: Callable[[int], None] = lambda done: None,
) -> list[dict[str, Column]]:
    """The contexts of all runs as one, in columns on disk.

    Rows with a total count below `min_count` are left out, and with them the contexts that have no other row. A
    longer context never has a row that its shorter ones lack, so what is left is a trie still.

    Args:
        runs: levels of tables that have all orders from 2 up, all rows, and as many levels as each other.
        folder: for files that are needed until the columns have been read.
        bits: that hold a token id.
        min_count: of a row that is kept, at least 1.
        portion: contexts and rows that are held at once, in about 200 bytes each; a context with more rows than that is
            held all the same.
        on_level: called with the number of levels that are done.
    """
    codes: list[Ints] = [np.ones(1, np.int64) for _ in runs]
    parents = 1
    columns: list[dict[str, Column]] = []
    for length in range(1, len(runs[0]) + 1):
        sources = [
            _Source(
                run[length - 1],
                run[length - 2].children if length > 1 else np.array([0, len(run[0].tokens)]),
                codes[number],
                bits,
            )
            for number, run in enumerate(runs)
        ]
        home = folder / str(length)
        home.mkdir()
        made = _Merged(sources, home, parents, bits)
        # the last code is that of contexts which were left out and have no kept one after them
        for one in _portions(sources, (2 * parents + 1) << bits, portion):
            made.add(one, min_count)
        codes, parents = made.codes, made.contexts
        if length > 1:
            columns[-1]["children"] = made.finished_children()
        columns.append({name: spool.column() for name, spool in made.spools.items()})
        on_level(length)
    return columns


def _portions(sources: Sequence[_Source], end: int, max_load: int) -> Iterator[list[tuple[int, int]]]:
    """Slices of each source that hold the same range of keys, range after range up to `end`."""

    def load(key: int) -> int:
        return sum(source.load(key) for source in sources)

    whole = load(end)
    key, begins = 0, [0] * len(sources)
    while key < end:
        limit = load(key) + max_load
        key = end if whole <= limit else max(key + 1, key + bisect_right(range(key + 1, end + 1), limit, key=load))
        ends = [source.place(key) for source in sources]
        if ends != begins:
            yield list(zip(begins, ends, strict=True))
        begins = ends


class _Merged:
    """The merged contexts of one length, as far as they have come."""

    def __init__(self, sources: Sequence[_Source], folder: Path, parents: int, bits: int) -> None:
        self.contexts = 0
        self.codes = [_on_disk(folder / f"codes{n}", len(source.level.tokens)) for n, source in enumerate(sources)]
        contexts = sum(len(source.level.tokens) for source in sources)
        rows = sum(len(source.level.following) for source in sources)
        most = sum(int(source.level.totals.max(initial=0)) for source in sources)
        largest = {"tokens": 1 << bits, "first_row": rows, "following": 1 << bits, "counts": most, "totals": most}
        self.spools = {name: _Spool(folder / name, bound) for name, bound in largest.items()}
        self.spools["first_row"].add(np.zeros(1, np.int64))
        self._children = _Spool(folder / "children", contexts)
        self._sources, self._bits, self._parents = sources, bits, parents
        self._rows = self._parents_done = 0

    def add(self, slices: Sequence[tuple[int, int]], min_count: int) -> None:
        """Merges a range of keys, the next after those before."""
        one = _merged(self._sources, slices, self._bits, min_count)
        for codes, numbers, kept, (begin, end) in zip(self.codes, one.numbers, one.kept, slices, strict=True):
            codes[begin:end] = 2 * (self.contexts + numbers) + kept
        if len(one.parents):
            self._add_children(one.parents, int(one.parents[-1]))
        for name in ("tokens", "following", "counts", "totals"):
            self.spools[name].add(getattr(one, name))
        self.spools["first_row"].add(self._rows + one.row_ends)
        self.contexts += len(one.tokens)
        self._rows += len(one.following)

    def finished_children(self) -> Column:
        """Where each parent's children begin, and where the last one's end."""
        self._add_children(np.zeros(0, np.int64), self._parents)
        return self._children.column()

    def _add_children(self, parents: Ints, end: int) -> None:
        """Where the children of parents up to `end` begin. `parents`: of the contexts that are about to be added."""
        if end >= self._parents_done:
            self._children.add(self.contexts + np.searchsorted(parents, np.arange(self._parents_done, end + 1)))
            self._parents_done = end + 1


def _merged(sources: Sequence[_Source], slices: Sequence[tuple[int, int]], bits: int, min_count: int) -> _Portion:
    mask = (1 << bits) - 1
    keys = [source.keys(begin, end) for source, (begin, end) in zip(sources, slices, strict=True)]
    together, all_places = ranked(np.concatenate(keys))
    places = np.split(all_places, np.cumsum([len(one) for one in keys[:-1]]))
    totals = np.zeros(len(together), np.int64)
    rows: list[Ints] = []
    counts: list[Ints] = []
    for source, (begin, end), place in zip(sources, slices, places, strict=True):
        level = source.level
        totals[place] += level.totals[begin:end].astype(np.int64)
        top, bottom = int(level.first_row[begin]), int(level.first_row[end])
        owner = place[owners(level.first_row, top, bottom) - begin] if bottom > top else np.zeros(0, np.int64)
        rows.append(owner << bits | level.following[top:bottom].astype(np.int64))
        counts.append(level.counts[top:bottom].astype(np.int64))
    row, count = tallied(np.concatenate(rows), np.concatenate(counts))
    # contexts whose parent was left out are mixed up with each other here, and all left out
    whole = (together >> bits) % 2 == 1
    chosen = (count >= min_count) & whole[row >> bits]
    row, count = row[chosen], count[chosen]
    sizes = np.bincount(row >> bits, minlength=len(together))
    kept = sizes > 0
    numbers = np.cumsum(kept) - kept
    return _Portion(
        numbers=[numbers[place] for place in places],
        kept=[kept[place] for place in places],
        parents=together[kept] >> bits + 1,
        tokens=together[kept] & mask,
        totals=totals[kept],
        row_ends=np.cumsum(sizes[kept]),
        following=row & mask,
        counts=count,
    )


def _on_disk(path: Path, length: int) -> Ints:
    return np.memmap(path, np.int64, "w+", shape=(length,)) if length else np.zeros(0, np.int64)
