"""Which peers a path hears from, by how alike their summaries are."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal

from passel.core.key import Key

__all__ = ["Routing", "alike", "routed"]

Routing = Literal["dispersed", "clustered", "hybrid", "random"]
"""dispersed: from the least similar ones; clustered: from the most similar; hybrid: half of each; random."""


def alike(one: str, other: str) -> float:
    """How similar two texts are, in [0, 1]: twice the characters of their matching blocks over all characters.

    >>> alike("abc", "abc"), alike("abc", "xyz")
    (1.0, 0.0)
    """
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


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
