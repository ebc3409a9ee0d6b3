"""n-gram tables: how likely is a token after a context?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passel.core.errors import UsageError
from passel.decoding.ngrams import layout
from passel.decoding.ngrams.layout import TablesInfo
from passel.decoding.ngrams.levels import Ints, Level, Unsigned
from passel.decoding.ngrams.vocabulary import Vocabulary

__all__ = ["LAMBDAS", "Tables", "open_tables"]

Floats = NDArray[np.float64]

LAMBDAS: Mapping[int, float] = MappingProxyType({2: 0.01, 3: 0.04, 4: 0.15, 5: 0.18, 6: 0.12})
"""Weights of the orders: the paper's for 2- to 6-grams. Fewer orders take the first of them, as its settings do."""


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Counts of n-grams in a memory-mapped file.

    Args:
        path: of the file.
        info: what they are of.
        levels: contexts of 1, 2, … tokens; their arrays are views of `mapped`.
        mapped: the file's bytes; the system reads a page of it when it is first looked at.
    """

    path: Path
    info: TablesInfo
    levels: tuple[Level, ...]
    mapped: NDArray[np.uint8]

    @property
    def orders(self) -> range:
        """The orders that are kept, such as 2 to 6."""
        return range(self.info.orders[0], self.info.orders[1] + 1)

    @property
    def size(self) -> Mapping[int, int]:
        """Number of different n-grams of each order."""
        return {order: len(self.levels[order - 2].following) for order in self.orders}

    def interpolated(
        self, contexts: ArrayLike, candidates: ArrayLike, weights: Sequence[float] | None = None
    ) -> Floats:
        """The interpolated n-gram weight of tokens after each draft.

            q(v) = sum over orders n of lambda_n p_n(v | last n - 1 tokens),   p_n = count(context, v) / count(context)

        As in the public code, nothing is renormalised and nothing backs off: an order whose context was never seen adds
        0, as does one whose context is longer than the draft. So q sums to at most the sum of the weights (0.5 by
        default), it is 0 for a token without support at any order, and a draft with longer known contexts has more of
        it, which counts when drafts compete.

        Source: Superposed Decoding, Shen et al. 2024 (2405.18400).

        Args:
            contexts: the drafts' last tokens, newest last [drafts, any]; more than the longest context are not looked
                at. A negative token stands for none: it matches nothing.
            candidates: tokens to be weighed, the same for all drafts [m] or each draft's own [drafts, m].
            weights: lambda of each kept order, ascending [orders]; the paper's by default, for orders within 2 to 6.

        Returns:
            q [drafts, m].

        Raises:
            UsageError: not one weight for each order; contexts or candidates of other shapes.
        """
        lambdas = self._weights(weights)
        past, wanted = _checked(contexts, candidates)
        total = np.zeros(wanted.shape)
        for order, drafts, shares in self._shares(past, wanted):
            total[drafts] += lambdas[order - self.orders[0]] * shares
        return total

    def probabilities(self, contexts: ArrayLike, candidates: ArrayLike) -> Floats:
        """p_n of tokens after each draft, an order at a time [orders, drafts, m]; NaN where its context was never seen.

        Arguments are those of `interpolated`. With a `min_count` above 1, a row that was left out has p = 0, and the
        others are divided by the total that includes it.
        """
        past, wanted = _checked(contexts, candidates)
        found = np.full((len(self.orders), *wanted.shape), np.nan)
        for order, drafts, shares in self._shares(past, wanted):
            found[order - self.orders[0], drafts] = shares
        return found

    def following(self, context: Sequence[int]) -> tuple[Ints, Ints, int]:
        """What came after a context of exactly these tokens: the tokens, ascending, and how often each came [rows]; and
        how often anything did. No rows and 0 for a context that was never seen.

        Raises:
            UsageError: tables of this order are not kept.
        """
        if len(context) + 1 not in self.orders:
            raise UsageError(f"{self.path} has no {len(context) + 1}-grams, only orders {_range(self.orders)}")
        *_, (node, _) = self._walk(np.asarray([context], np.int64))
        if not len(node):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), 0
        level, one = self.levels[len(context) - 1], int(node[0])
        rows = slice(int(level.first_row[one]), int(level.first_row[one + 1]))
        return level.following[rows].astype(np.int64), level.counts[rows].astype(np.int64), int(level.totals[one])

    def check(self) -> None:
        """Reads the whole file and compares its checksums. Opening checks the header and the file's length alone; what
        is damaged further on gives wrong weights, but no error of another kind.

        Raises:
            UsageError: the file is damaged.
        """
        layout.check(self.path)

    def _weights(self, weights: Sequence[float] | None) -> Sequence[float]:
        if weights is None:
            if not LAMBDAS.keys() >= set(self.orders):
                raise UsageError(f"there are default weights for orders 2-6 alone, not for {_range(self.orders)}")
            return [LAMBDAS[order] for order in self.orders]
        if len(weights) != len(self.orders):
            raise UsageError(f"{len(weights)} weights for orders {_range(self.orders)}: one for each is needed")
        return weights

    def _shares(self, past: Ints, wanted: Ints) -> list[tuple[int, Ints, Floats]]:
        """By order: the drafts whose context is known, and p of their tokens [known drafts, m]."""
        shares: list[tuple[int, Ints, Floats]] = []
        for order, (node, drafts) in enumerate(self._walk(past), 2):
            if order not in self.orders or not len(node):
                continue
            level = self.levels[order - 2]
            tokens = wanted[drafts]
            begin, end = _edges(level.first_row, node)
            place, same = _search(level.following, begin[:, None], end[:, None], tokens)
            counts = level.counts.take(place, mode="clip") * same
            totals = np.maximum(level.totals[node], 1)  # a total of 0 is a damaged file's
            shares.append((order, drafts, counts / totals[:, None]))
        return shares

    def _walk(self, past: Ints) -> list[tuple[Ints, Ints]]:
        """For contexts of 1, 2, … tokens: the numbers of those that are known, and the drafts they belong to."""
        drafts = np.arange(len(past))
        begin, end = np.zeros(len(past), np.int64), np.full(len(past), len(self.levels[0].tokens))
        steps: list[tuple[Ints, Ints]] = []
        for length in range(1, min(len(self.levels), past.shape[1]) + 1):
            level = self.levels[length - 1]
            place, same = _search(level.tokens, begin, end, past[drafts, -length])
            node, drafts = place[same], drafts[same]
            steps.append((node, drafts))
            if length < len(self.levels):
                begin, end = _edges(level.children, node)
        return steps


def open_tables(path: str | Path, *, vocabulary: Vocabulary | None = None) -> Tables:
    """Maps the tables in a file; only the header is read.

    Args:
        path: as `passel ngrams` wrote it.
        vocabulary: of the model's tokenizer, compared with the tables' own if given.

    Raises:
        UsageError: there is no such file; it is not one of tables, damaged, cut short, or of another tokenizer.
    """
    info, levels, mapped = layout.read(Path(path))
    if vocabulary is not None and vocabulary != info.vocabulary:
        ours, theirs = vocabulary, info.vocabulary
        raise UsageError(
            f"{path} is of another tokenizer: {theirs.size} tokens, fingerprint {theirs.fingerprint[:12]}; the model's "
            f"has {ours.size}, {ours.fingerprint[:12]}: build the tables again for this model"
        )
    return Tables(Path(path), info, tuple(levels), mapped)


def _checked(contexts: ArrayLike, candidates: ArrayLike) -> tuple[Ints, Ints]:
    past, wanted = np.asarray(contexts, np.int64), np.asarray(candidates, np.int64)
    if past.ndim != 2 or wanted.ndim not in (1, 2) or (wanted.ndim == 2 and len(wanted) != len(past)):
        raise UsageError(
            f"contexts must be [drafts, tokens] and candidates [m] or [drafts, m], got {past.shape}, {wanted.shape}"
        )
    return past, np.broadcast_to(wanted, (len(past), wanted.shape[-1]))


def _edges(offsets: Unsigned, node: Ints) -> tuple[Ints, Ints]:
    """Where the slices of these owners begin and end, as signed integers, so that arithmetic on them cannot wrap."""
    return offsets.take(node).astype(np.int64), offsets.take(node + 1).astype(np.int64)


def _search(values: Unsigned, begin: Ints, end: Ints, wanted: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Binary search in many slices of one array at once.

    Args:
        values: ascending within each slice.
        begin, end: of the slices [slices], or [slices, 1] for m values in each.
        wanted: values to be found in each slice [slices] or [slices, m].

    Returns:
        The place of each value, and whether it is there.
    """
    end = np.minimum(end, len(values))  # so that a damaged file leads to no place outside
    if not len(values):
        return np.zeros(wanted.shape, np.int64), np.zeros(wanted.shape, np.bool_)
    steps = int((end - begin).max(initial=0)).bit_length()
    place = (
        _one_by_one(values, begin, end, wanted) if len(wanted) < steps else _together(values, begin, end, wanted, steps)
    )
    return place, (place < end) & (values.take(place, mode="clip") == wanted)


def _one_by_one(values: Unsigned, begin: Ints, end: Ints, wanted: Ints) -> Ints:
    """The first place of each slice that is not less than wanted: quicker for few slices that are long."""
    own = wanted.astype(values.dtype)  # of another type, all values would be copied; what wraps is found unequal after
    place = np.empty(wanted.shape, np.int64)
    for row, (one, other) in enumerate(zip(begin.ravel().tolist(), end.ravel().tolist(), strict=True)):
        place[row] = one + values[one:other].searchsorted(own[row])
    return place


def _together(values: Unsigned, begin: Ints, end: Ints, wanted: Ints, steps: int) -> Ints:
    """The same, all slices at once: a step of the search takes as long for many as for one."""
    last = np.broadcast_to(end - 1, wanted.shape)
    below = np.broadcast_to(begin - 1, wanted.shape).copy()  # every value of the slice up to here is less than wanted
    probe = np.empty_like(below)
    for step in reversed(range(steps)):
        np.minimum(np.add(below, 1 << step, out=probe), last, out=probe)
        np.copyto(below, probe, where=values.take(probe, mode="clip") < wanted)
    return np.add(below, 1, out=below)


def _range(orders: range) -> str:
    return f"{orders[0]}-{orders[-1]}"
