"""Every way that chance can fall, for tests of methods that use chance of their own beside their draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from math import fsum, prod
from typing import TypeVar

from passel.core.key import Key
from passel.methods.parts.resampling import Scheme, systematic

__all__ = ["Pick", "all_ways", "resampler"]

T = TypeVar("T")
Pick = Callable[[Sequence[float]], int]
"""From probabilities to the index that is taken this time."""


def all_ways(run: Callable[[Pick], T]) -> Iterator[tuple[T, float]]:
    """What `run` returns for each way that its picks can fall, and the probability of that way."""
    path: list[tuple[int, Sequence[float]]] = []
    while True:
        turn = iter(range(1_000_000))

        def pick(chances: Sequence[float], path: list[tuple[int, Sequence[float]]] = path, turn=turn) -> int:
            place = next(turn)
            if place == len(path):
                path.append((next(i for i, chance in enumerate(chances) if chance > 0.0), chances))
            return path[place][0]

        value = run(pick)
        yield value, prod(chances[index] for index, chances in path)
        while path:
            index, chances = path.pop()
            further = [i for i in range(index + 1, len(chances)) if chances[i] > 0.0]
            if further:
                path.append((further[0], chances))
                break
        if not path:
            return


def resampler(pick: Pick) -> Callable[[Sequence[float], int, Key, Scheme], list[int]]:
    """`resampling.ancestors` with its chance taken from `pick`: of multinomial and of systematic resampling."""

    def ancestors(weights: Sequence[float], n: int, key: Key, scheme: Scheme = "multinomial") -> list[int]:
        shares = [weight / fsum(weights) for weight in weights]
        if scheme == "multinomial":
            tuples = list(product(range(len(shares)), repeat=n))
            return list(tuples[pick([prod(shares[i] for i in chosen) for chosen in tuples])])
        assert scheme == "systematic"
        edges = sorted({0.0, 1.0, *(fsum(shares[:i]) * n % 1.0 for i in range(len(shares)))})
        parts = [(low, high) for low, high in pairwise(edges) if high - low > 1e-12]
        low, high = parts[pick([high - low for low, high in parts])]
        return systematic(shares, n, (low + high) / 2)

    return ancestors
