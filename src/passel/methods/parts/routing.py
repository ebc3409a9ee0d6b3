"""Which peers' summaries a path reads, by how similar they are to its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from passel.core.key import Key

__all__ = ["Routing", "routed", "similarity"]

Routing = Literal["dispersed", "clustered", "hybrid", "random"]
"""Whose summaries a path reads. dispersed: the least similar; clustered: the most similar; hybrid: half of each;
random: any."""


def similarity(text: str, other: str) -> float:
    """How similar two texts are, in [0, 1]: twice the length of their longest common subsequence over the number of all
    characters, as the ratio of Levenshtein packages. Two empty texts are equal.

    >>> similarity("abc", "abc"), similarity("abc", "xyz")
    (1.0, 0.0)
    """
    total = len(text) + len(other)
    return 2 * _common(text, other) / total if total else 1.0


def _common(text: str, other: str) -> int:
    """The length of the longest common subsequence; a row of the table is the bits of one number (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, letter in enumerate(text):
        places[letter] = places.get(letter, 0) | 1 << place
    every = (1 << len(text)) - 1
    row = every  # a 0 stands where the table's row rises
    for letter in other:
        match = row & places.get(letter, 0)
        row = ((row + match) | (row - match)) & every
    return len(text) - row.bit_count()


def routed(summaries: Sequence[str | None], place: int, k: int, how: Routing, key: Key) -> list[int]:
    """The places of the at most k peers whose summaries a path reads, in ascending order.

    Args:
        summaries: of each path; None or a blank summary is not read.
        place: of the path that reads.
        key: of this exchange, for random routing.

    >>> [routed(["4+3=7", "4+3=7.", "no idea"], 0, 1, how, Key()) for how in ("clustered", "dispersed")]
    [[1], [2]]
    """
    own = summaries[place] or ""
    others = [other for other, text in enumerate(summaries) if other != place and text and text.strip()]
    near = sorted(others, key=lambda other: (-similarity(own, summaries[other] or ""), other))
    match how:
        case "clustered":
            chosen = near[:k]
        case "dispersed":
            chosen = near[::-1][:k]
        case "hybrid":
            first = near[: (k + 1) // 2]
            chosen = first + [other for other in near[::-1] if other not in first][: k - len(first)]
        case "random":
            chosen = sorted(others, key=lambda other: (key / place / other).uniform())[:k]
    return sorted(chosen)
