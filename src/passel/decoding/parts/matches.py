"""How a text went on where it stood as it stands now."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["continuations"]


def continuations(
    tokens: NDArray[np.int64], *, max_ngram: int, min_ngram: int, length: int, width: int
) -> list[tuple[int, ...]]:
    """What followed earlier places at which the same n-gram stands as at the end of the text.

    The place with the longest n-gram comes first (of those as long as `max_ngram`, and of equals, the latest). A place
    less than `length` tokens from the end goes on with what it has led to so far: a text that repeats itself is
    repeated.

    Args:
        tokens: the text.
        max_ngram: tokens that are compared at most; min_ngram: that must be equal.
        length: tokens of a continuation.
        width: continuations at most; no two alike.
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
