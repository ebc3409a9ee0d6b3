"""Earlier places of a text that match its end, and how the text went on there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["continuations"]


def continuations(
    tokens: NDArray[np.int64], *, max_ngram: int, min_ngram: int, length: int, width: int
) -> list[tuple[int, ...]]:
    """Continuations of earlier places that have the same n-gram as the end of the text.

    Places with a longer n-gram come first; among equals, and among n-grams as long as `max_ngram`, the latest place
    comes first. A place less than `length` tokens from the end is continued periodically: a text that repeats itself is
    repeated.

    Args:
        tokens: the text.
        max_ngram: largest number of tokens that are compared. min_ngram: number of tokens that must be equal.
        length: tokens of a continuation.
        width: largest number of continuations, all different.
    """
    size = len(tokens)
    places = np.flatnonzero(tokens[: size - 1] == tokens[-1])
    same = np.ones(len(places), dtype=np.int64)
    for back in range(1, min(max_ngram, size)):
        longer = (same == back) & (places >= back)
        longer[longer] = tokens[places[longer] - back] == tokens[-1 - back]
        if not longer.any():
            break
        same += longer
    found: dict[tuple[int, ...], None] = {}
    for at in np.lexsort((-places, -same)):
        if same[at] < min_ngram or len(found) == width:
            break
        place = places[at]
        taken = tokens[place + 1 + np.arange(length) % (size - 1 - place)]
        found.setdefault(tuple(taken.tolist()))
    return list(found)
