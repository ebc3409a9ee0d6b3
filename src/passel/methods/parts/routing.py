"""Which peers a path hears from, by how alike their summaries are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from passel.core.key import Key

__all__ = ["Routing", "alike", "routed"]

Routing = Literal["dispersed", "clustered", "hybrid", "random"]
"""dispersed: from the least similar ones; clustered: from the most similar; hybrid: half of each; random."""


def alike(one: str, other: str) -> float:
    """How similar two texts are, in [0, 1]: the ratio of Levenshtein packages, twice the length of their longest common
    subsequence over all characters. Two empty texts are alike.

    >>> alike("abc", "abc"), alike("abc", "xyz")
    (1.0, 0.0)
    """
    total = len(one) + len(other)
    return 2 * _common(one, other) / total if total else 1.0


def _common(one: str, other: str) -> int:
    """The length of the longest common subsequence; a row of the table is the bits of one number (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << place
    every = (1 << len(one)) - 1
    row = every  # a 0 stands where the table's row rises
    for letter in other:
        match = row & places.get(letter, 0)
        row = ((row + match) | (row - match)) & every
    return len(one) - row.bit_count()


def routed(summaries: Sequence[str | None], place: int, k: int, how: Routing, key: Key) -> list[int]:
    """The places of the at most k peers that a path hears from, in ascending order.

    Args:
        summaries: one for each path; None or a blank one is not heard.
        place: of the path that hears.
        key: of this exchange, for random routing.

    >>> [routed(["4+3=7", "4+3=7.", "no idea"], 0, 1, how, Key()) for how in ("clustered", "dispersed")]
    [[1], [2]]
    """
    own = summaries[place] or ""
    others = [other for other, text in enumerate(summaries) if other != place and text and text.strip()]
    near = sorted(others, key=lambda other: (-alike(own, summaries[other] or ""), other))
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
