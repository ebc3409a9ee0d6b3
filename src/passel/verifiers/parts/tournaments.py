"""Tournaments: which pairs to compare next, and the scores after them. State in, state out.

`results` maps a pair (first, second) with first < second to the points of its first: 1 for a win, 0 for a loss, 0.5
for a tie, None where the comparison was not readable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

__all__ = ["Pair", "Results", "all_pairs", "copeland", "knockout", "stages", "swiss"]

Pair = tuple[int, int]
Results = Mapping[Pair, float | None]
Schedule = Callable[[int, Results], list[Pair]]


def all_pairs(size: int, results: Results) -> list[Pair]:
    """Every pair, at once."""
    return [pair for pair in combinations(range(size), 2) if pair not in results]


def swiss(size: int, results: Results) -> list[Pair]:
    """The pairs of the next round, neighbours by points who have not met, until there were as many comparisons as
    ceil(log2 size) rounds have. Of an odd number the last sits out.

    >>> swiss(4, {(0, 1): 1.0, (2, 3): 0.0})
    [(0, 3), (1, 2)]
    """
    to_go = (size // 2) * (size - 1).bit_length() - len(results)
    played = [sum(index in pair for pair in results) for index in range(size)]
    points = _points(size, results)
    waiting = sorted(range(size), key=lambda index: (-points[index], played[index], index))
    pairs: list[Pair] = []
    while waiting:
        one = waiting.pop(0)
        other = next((index for index in waiting if _pair(one, index) not in results), None)
        if other is not None:
            waiting.remove(other)
            pairs.append(_pair(one, other))
    return pairs[: max(0, to_go)]


def knockout(size: int, results: Results) -> list[Pair]:
    """The pairs of the next round in which neighbours meet and winners go on; [] when a single candidate is left.

    >>> knockout(4, {(0, 1): 0.0, (2, 3): 1.0})
    [(1, 2)]
    """
    left = list(range(size))
    while len(left) > 1:
        if to_play := [pair for pair in _neighbours(left) if pair not in results]:
            return to_play
        left = _winners(left, results)
    return []


def copeland(size: int, results: Results) -> list[float | None]:
    """The share of its comparisons that each has won, ties half (Copeland 1951); None without a
    readable comparison.

    >>> copeland(3, {(0, 1): 1.0, (0, 2): 0.5, (1, 2): None})
    [0.75, 0.0, 0.5]
    """
    points = _points(size, results)
    readable = [sum(index in pair for pair, result in results.items() if result is not None) for index in range(size)]
    return [points[index] / readable[index] if readable[index] else None for index in range(size)]


def stages(size: int, results: Results) -> list[float | None]:
    """How far each has come in a knockout, as a share of its rounds: 1 for the winner; None without a
    readable comparison.

    >>> stages(4, {(0, 1): 0.0, (2, 3): 1.0, (1, 2): 1.0})
    [0.0, 1.0, 0.5, 0.0]
    """
    rounds = (size - 1).bit_length()
    come = [0] * size
    left = list(range(size))
    while len(left) > 1:
        winners = _winners(left, results)
        for index in winners:
            come[index] += 1
        left = winners if all(pair in results for pair in _neighbours(left)) else []
    readable = {index for pair, result in results.items() if result is not None for index in pair}
    return [come[index] / rounds if index in readable else None for index in range(size)]


def _neighbours(left: list[int]) -> list[Pair]:
    return [(left[i], left[i + 1]) for i in range(0, len(left) - 1, 2)]


def _winners(left: list[int], results: Results) -> list[int]:
    """Who goes on of the pairs that have met: the first of a tie. The last of an odd number goes on with them."""
    met = [pair for pair in _neighbours(left) if pair in results]
    alone = left[-1:] if len(left) % 2 and len(met) == len(left) // 2 else []
    return [second if results[first, second] == 0.0 else first for first, second in met] + alone


def _points(size: int, results: Results) -> list[float]:
    points = [0.0] * size
    for (one, other), result in results.items():
        if result is not None:
            points[one] += result
            points[other] += 1.0 - result
    return points


def _pair(one: int, other: int) -> Pair:
    return (min(one, other), max(one, other))
