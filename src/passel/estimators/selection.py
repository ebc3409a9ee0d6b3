"""Selection from k samples: the expected value of the sample that a rule picks, for every k."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.estimators.vote_exact import exact_vote_at_k
from passel.estimators.vote_resampled import MAX_ENUMERATED, resampled_vote_at_k

__all__ = ["Selection", "best_at_k", "shortest_at_k", "vote_at_k", "weighted_vote_at_k"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_EXACT = 32
"""Largest number of samples for which `vote_at_k` is computed exactly; the time grows as n**3 log n."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Curves of a selection rule.

    Args:
        value: expected value [problems, largest n], column k - 1; NaN where k is more than the problem's own n, and in
            the whole row of a problem with a sample of unknown value, which might be picked.
        how: "exact" (expectation over all k-subsets) or "resampled (N permutations)".
    """

    value: Floats
    how: str


def best_at_k(values: Floats, scores: Floats, *, sizes: Ints | None = None) -> Selection:
    """Best of k: expected value of the sample with the largest verifier score. Exact.

    With samples sorted by verifier score, the i-th is the best of k with chance C(i-1, k-1) / C(n, k). Among equal
    scores the first sample wins, which over random orders is the mean of their values. A sample without a score (NaN)
    ranks last; where no sample of k has a score, a uniform sample is taken.

    Source: the order statistics of best-of-n, as in Gao et al. 2022 (2210.10760), appendix I.

    Args:
        values: worth of each sample [problems, n]; NaN where it is unknown.
        scores: of a verifier [problems, n]; NaN for no score.
        sizes: number of samples of each problem [problems]; later columns are padding. Default: all columns.

    >>> best_at_k(np.array([[1.0, 0.0]]), np.array([[0.9, 0.1]])).value.tolist()
    [[0.5, 1.0]]
    """
    sizes = _sizes(values, scores, sizes)
    value = _by_size(sizes, lambda rows, n: _order_statistic(values[rows, :n], scores[rows, :n]))
    return Selection(value, "exact")


def shortest_at_k(values: Floats, tokens: Floats, *, sizes: Ints | None = None) -> Selection:
    """First to finish: the sample with the fewest tokens of k that are decoded in parallel. Exact; as `best_at_k`.

    Source: Agarwal et al. 2025 (2505.18149), algorithm 1.

    Args:
        values, sizes: as in `best_at_k`.
        tokens: completion tokens [problems, n]; NaN for a sample that did not finish, which ranks last.
    """
    return best_at_k(values, -tokens, sizes=sizes)


def vote_at_k(
    answers: Ints, values: Floats, key: Key, *, sizes: Ints | None = None, permutations: int = 200
) -> Selection:
    """Majority vote: expected value of the most frequent answer of k samples, ties to the answer seen first.

    Up to 32 samples the value is exact (`vote_exact`); above, it is resampled: a random order gives the vote of each
    of its prefixes (`vote_resampled`). Over random orders, tied answers are equally likely to be seen first.
    Where no sample of k holds an answer the value is 0.

    Source: Wang et al. 2022 (2203.11171).

    Args:
        answers: equal numbers for equal answers, negative for no answer [problems, n].
        values: worth of each sample's answer [problems, n]; equal for equal answers (else their mean is taken).
        key: for the orders.
        sizes: number of samples of each problem [problems].
        permutations: random orders of each problem that is resampled.

    >>> vote_at_k(np.array([[7, 7, 3]]), np.array([[1.0, 1.0, 0.0]]), Key()).value.round(3).tolist()
    [[0.667, 0.667, 1.0]]
    """
    sizes = _sizes(values, answers, sizes)
    resampled = bool(np.any(sizes > MAX_EXACT))

    def curve(rows: Ints, n: int) -> Floats:
        known = answers[rows, :n], values[rows, :n]
        return exact_vote_at_k(*known) if n <= MAX_EXACT else resampled_vote_at_k(*known, None, key, rows, permutations)

    return Selection(_by_size(sizes, curve), f"resampled ({permutations} permutations)" if resampled else "exact")


def weighted_vote_at_k(
    answers: Ints, values: Floats, scores: Floats, key: Key, *, sizes: Ints | None = None, permutations: int = 200
) -> Selection:
    """Weighted vote of k samples: verifier scores add up by answer, the heaviest answer wins, ties to the first seen.

    Samples without a score do not vote, unless no sample of k has a score: then the majority decides. Totals closer
    than n * 2**-30 of the largest weight are tied. Exact, by all orders, where every problem has at most 6 samples;
    else resampled as `vote_at_k`.

    Args:
        answers, values, key, sizes, permutations: as in `vote_at_k`.
        scores: weight of each sample [problems, n], at least 0; NaN for no weight.

    Raises:
        UsageError: a negative or infinite weight.
    """
    sizes = _sizes(values, answers, sizes)
    if scores.shape != values.shape or np.any(scores < 0) or np.any(np.isinf(scores)):
        raise UsageError("weights of a vote must be finite and at least 0, a weight for each sample")
    exact = bool(np.all(sizes <= MAX_ENUMERATED))

    def curve(rows: Ints, n: int) -> Floats:
        return resampled_vote_at_k(answers[rows, :n], values[rows, :n], scores[rows, :n], key, rows, permutations)

    return Selection(_by_size(sizes, curve), "exact" if exact else f"resampled ({permutations} permutations)")


def _order_statistic(score: Floats, rank: Floats) -> Floats:
    """Expected score of the sample with the largest rank among k [problems, n]; NaN ranks last; k in blocks of 256."""
    rows, n = score.shape
    order = np.lexsort((rank, ~np.isnan(rank)), axis=1)  # NaN first, below -inf
    ranked = np.take_along_axis(rank, order, axis=1)
    sorted_score = _tie_mean(np.take_along_axis(score, order, axis=1), ranked)
    value = np.empty((rows, n))
    i = np.arange(1.0, n + 1)
    chance = np.full(n, 1.0 / n)
    for start in range(0, n, 256):
        block = np.empty((n, min(256, n - start)))
        for column in range(block.shape[1]):
            k = start + column + 1
            if k > 1:  # C(i-1, k-1) / C(n, k) from its value at k - 1; it falls once it falls, so underflow is harmless
                chance = chance * np.maximum(i - k + 1, 0) * (k / ((k - 1) * (n - k + 1)))
            block[:, column] = chance
        value[:, start : start + block.shape[1]] = np.nan_to_num(sorted_score) @ block
    value[np.isnan(score).any(axis=1)] = np.nan
    return value


def _tie_mean(score: Floats, ranked: Floats) -> Floats:
    """Scores replaced by their mean over samples of equal rank; both sorted by rank [problems, n]."""
    new = np.ones(ranked.shape, bool)
    new[:, 1:] = (ranked[:, 1:] != ranked[:, :-1]) & ~(np.isnan(ranked[:, 1:]) & np.isnan(ranked[:, :-1]))
    group = np.cumsum(new.ravel()) - 1
    mean = np.bincount(group, score.ravel()) / np.bincount(group)
    return np.reshape(np.take(mean, group), score.shape)


def _by_size(sizes: Ints, curve: Callable[[Ints, int], Floats]) -> Floats:
    """Applies `curve` to the problems of each number of samples; the rest of a short problem's row stays NaN."""
    value = np.full((len(sizes), int(sizes.max(initial=0))), np.nan)
    for n in np.unique(sizes[sizes > 0]).tolist():
        rows = np.flatnonzero(sizes == n)
        value[rows, :n] = curve(rows, n)
    return value


def _sizes(values: Floats, other: Floats | Ints, sizes: Ints | None) -> Ints:
    """Each problem's n, after checking shapes."""
    if values.ndim != 2 or values.shape != other.shape:
        raise UsageError(f"matrices of samples must all be [problems, n], got {values.shape} and {other.shape}")
    problems, columns = values.shape
    if sizes is None:
        return np.full((int(problems),), columns, dtype=np.int64)
    if sizes.shape != (problems,) or np.any(sizes < 0) or np.any(sizes > columns):
        raise UsageError(f"sizes must be {problems} numbers between 0 and {columns}")
    return sizes
