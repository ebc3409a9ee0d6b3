"""n-gram tables as dictionaries, and small builds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from passel.decoding.ngrams import Piece, Tables, Vocabulary, build

__all__ = ["Oracle", "built", "pieces_of", "vocabulary"]


class Oracle:
    """Counts of what followed each context, by the definition: one position and one order at a time."""

    def __init__(self, documents: Iterable[Sequence[int]], orders: tuple[int, int], min_count: int = 1) -> None:
        self.orders = range(orders[0], orders[1] + 1)
        self.after: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for document in documents:
            for place, token in enumerate(document):
                for order in self.orders:
                    if place >= order - 1:
                        self.after[tuple(document[place - order + 1 : place])][token] += 1
        self.total = {context: sum(after.values()) for context, after in self.after.items()}
        self.rows = {
            context: kept
            for context, after in self.after.items()
            if (kept := {token: count for token, count in after.items() if count >= min_count})
        }

    def probability(self, context: Sequence[int], token: int) -> float | None:
        """None for a context that is not there, as in the public code, where it is -1."""
        key = tuple(context)
        return self.rows[key].get(token, 0) / self.total[key] if key in self.rows else None

    def interpolated(self, past: Sequence[int], token: int, weights: Sequence[float]) -> float:
        total = 0.0
        for order, weight in zip(self.orders, weights, strict=True):
            if len(past) >= order - 1:
                total += weight * (self.probability(past[len(past) - order + 1 :], token) or 0.0)
        return total


def vocabulary(size: int) -> Vocabulary:
    return Vocabulary(size, f"{size:064x}")


def pieces_of(documents: Iterable[Sequence[int]], cut: int = 1000) -> list[Piece]:
    """Documents in pieces of at most `cut` tokens; an empty one is a piece too."""
    pieces: list[Piece] = []
    for document in documents:
        ids = np.asarray(document, np.int64)
        parts = [ids[at : at + cut] for at in range(0, max(1, len(ids)), cut)]
        pieces += [Piece(part, number == 0) for number, part in enumerate(parts)]
    return pieces


def built(
    folder: Path, documents: Iterable[Sequence[int]], *, size: int = 10, cut: int = 1000, **options: Any
) -> Tables:
    return build(pieces_of(documents, cut), folder / "tables", vocabulary=vocabulary(size), **options)
