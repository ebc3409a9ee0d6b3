"""Coverage, vote and best-of at every number of samples, from the one pool of draws that a run has made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key
from passel.core.result import Candidate
from passel.estimators.coverage import pass_at_k
from passel.estimators.estimate import Curve
from passel.estimators.intervals import curve_interval
from passel.estimators.selection import best_at_k, shortest_at_k, vote_at_k, weighted_vote_at_k

__all__ = ["Pool", "curve_of", "curves"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pool:
    """The draws of each problem, in order, with what each answer is worth.

    Args:
        candidates: [problem][draw]. values: the same, None where it cannot be scored.
        name: of the method that drew (and scored) them. weighted: whether it adds scores up by answer.
    """

    name: str
    candidates: Sequence[Sequence[Candidate]]
    values: Sequence[Sequence[float | None]]
    weighted: bool = False

    @property
    def depth(self) -> int:
        """Draws that every scored problem has."""
        return min((len(row) for row, _ in self._usable()), default=0)

    @property
    def scored(self) -> bool:
        """Whether a verifier looked at the draws."""
        return any(one.score is not None for row in self.candidates for one in row)

    def _usable(self) -> list[tuple[Sequence[Candidate], list[float]]]:
        """Problems with draws, all of which can be scored."""
        rows = zip(self.candidates, self.values, strict=True)
        return [(row, [v or 0.0 for v in values]) for row, values in rows if row and None not in values]

    def arrays(self) -> tuple[Array, NDArray[np.int64], Array, Array]:
        """Values, answer numbers (-1: none), verifier scores (NaN: none) and completion tokens (NaN: did not finish),
        each [problems, depth]."""
        depth = self.depth
        values: list[list[float]] = []
        answers: list[list[int]] = []
        scores: list[list[float]] = []
        tokens: list[list[float]] = []
        for row, worth in self._usable():
            numbers: dict[str, int] = {}
            cut = row[:depth]
            values.append(worth[:depth])
            answers.append([numbers.setdefault(c.answer.key, len(numbers)) if c.answer else -1 for c in cut])
            scores.append([np.nan if c.score is None else c.score for c in cut])
            tokens.append([c.tokens if c.stop == "end" else np.nan for c in cut])
        shape = (len(values), depth)
        return (
            np.array(values, dtype=np.float64).reshape(shape),
            np.array(answers, dtype=np.int64).reshape(shape),
            np.array(scores, dtype=np.float64).reshape(shape),
            np.array(tokens, dtype=np.float64).reshape(shape),
        )


def curves(pools: Sequence[Pool], key: Key) -> Iterator[Curve]:
    """Coverage, vote and shortest from the deepest pool, best-of from every pool that a verifier scored."""
    deepest = max(pools, key=lambda pool: pool.depth, default=None)
    if deepest is not None and deepest.depth > 1:
        values, answers, _, tokens = deepest.arrays()
        samples = np.full(len(values), deepest.depth)
        yield curve_of("coverage", "exact", pass_at_k((values == 1.0).sum(axis=1), samples), key)
        voted = vote_at_k(answers, values, key / "vote")
        yield curve_of("vote", voted.how, voted.value, key)
        shortest = shortest_at_k(values, tokens)
        yield curve_of("shortest", shortest.how, shortest.value, key)
    for pool in pools:
        if pool.scored and pool.depth > 1:
            values, answers, scores, _ = pool.arrays()
            best = (
                weighted_vote_at_k(answers, values, scores, key / pool.name)
                if pool.weighted
                else best_at_k(values, scores)
            )
            yield curve_of(pool.name, best.how, best.value, key)


def curve_of(name: str, how: str, values: Array, key: Key) -> Curve:
    """The mean over problems of values [problems, k], with its interval, as a curve."""
    value, low, high = (tuple(map(float, line)) for line in curve_interval(values, key))
    return Curve(name, how, tuple(range(1, len(value) + 1)), value, low, high)
