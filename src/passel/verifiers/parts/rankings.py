"""Orders of candidates: reading them from a reply, repairing them, windows over long lists, and scores from ranks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import fmean

__all__ = ["read_order", "repair", "scores_of_ranks", "windows"]

_BRACKETED = re.compile(r"\[\s*(\d{1,6})\s*\]")
_CHAIN = re.compile(r"\[?\d{1,6}\]?(?:\s*>\s*\[?\d{1,6}\]?)+")
_BARE = re.compile(r"\W*(?:(?i:final\s+)?(?i:ranking|order|answer)\W*)?(\d{1,6}(?:[,;>\s]+\d{1,6})*)\W*")


def read_order(text: str) -> list[int]:
    """The numbers of candidates as a reply orders them, the best first, as it writes them; [] if it orders none.

    The last chain of the form `[2] > [1] > [3]` counts first (brackets may lack), then all numbers in brackets, then a
    last line that holds numbers alone.

    >>> [read_order(reply) for reply in ("[2] > [1]", "1. [3]\\n2. [1]", "Ranking: 2, 1", "the second")]
    [[2, 1], [3, 1], [2, 1], []]
    """
    text = text.replace("*", "")
    if chains := _CHAIN.findall(text):
        return [int(number) for number in re.findall(r"\d+", chains[-1])]
    if bracketed := _BRACKETED.findall(text):
        return [int(number) for number in bracketed]
    last = text.strip().rpartition("\n")[2]
    bare = _BARE.fullmatch(last)
    return [int(number) for number in re.findall(r"\d+", bare[1])] if bare else []


def repair(order: Iterable[int], size: int) -> list[int]:
    """An order of 0 … size-1 from a malformed one: unknown and repeated numbers are dropped, missing numbers
    appended in the original order (Sun et al. 2023, arXiv 2304.09542; Archon, Saad-Falcon et al. 2024, arXiv
    2409.15254).

    >>> repair([2, 7, 2, 0], 4)
    [2, 0, 1, 3]
    """
    known = list(dict.fromkeys(index for index in order if 0 <= index < size))
    return known + [index for index in range(size) if index not in set(known)]


def windows(size: int, window: int, step: int) -> list[tuple[int, int]]:
    """The places of a window as it slides from the end of a list to its start: (first, after last) each time.

    All places are covered, and neighbours overlap by `window - step`, so that a good candidate can travel to the front.

    >>> windows(7, 4, 2)
    [(3, 7), (1, 5), (0, 4)]
    """
    ends = [size]
    while ends[-1] > window:
        ends.append(max(window, ends[-1] - step))
    return [(max(0, end - window), end) for end in ends]


def scores_of_ranks(orders: Sequence[Sequence[int]], size: int) -> list[float | None]:
    """1 - rank / (length - 1) of each of `size` candidates, mean over the orders that hold it; None if none does.

    1 is always first, 0 always last. An order holds some of the candidates, the best first; of fewer than two it tells
    nothing.

    >>> scores_of_ranks([[0, 1, 2], [1, 0, 2]], 4)
    [0.75, 0.75, 0.0, None]
    """
    found: list[list[float]] = [[] for _ in range(size)]
    for order in orders:
        for rank, index in enumerate(order if len(order) > 1 else ()):
            found[index].append(1.0 - rank / (len(order) - 1))
    return [fmean(scores) if scores else None for scores in found]
