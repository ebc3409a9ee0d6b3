"""Selection at k: the expected score of what a rule picks from k of a problem's samples, for every k, from one pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.measure import vote_exact, vote_resampled

__all__ = ["Selection", "best_at_k", "shortest_at_k", "vote_at_k", "weighted_vote_at_k"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXACT_VOTE = 32
"""Largest pool for which `vote_at_k` is computed exactly; the time grows as n**3 log n."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Curves of a selection rule.

    Args:
        value: expected score [problems, largest n], column k - 1; NaN where k is more than the problem's own n, and in
            the whole row of a problem with an unscored sample (which might be the one picked).
        how: "exact" (expectation over all k-subsets) or "resampled (N permutations)".
    """

    value: Floats
    how: str


def best_at_k(score: ArrayLike, verifier: ArrayLike, *, drawn: ArrayLike | None = None) -> Selection:
    """Best of k: the sample with the largest verifier score. Exact.

    With samples sorted by verifier score, the i-th is the best of k with chance C(i-1, k-1) / C(n, k). Among equal
    verifier scores the first drawn wins, which over random orders is the mean of their scores. A sample without a
    verifier score (NaN) ranks last; where all k have none, a uniform one of them is taken (the method `best_of` then
    takes their majority).

    Args:
        score: of each sample [problems, samples], in [0, 1]; NaN is unscored.
        verifier: what the verifier gave it [problems, samples]; NaN: nothing.
        drawn: samples of each problem [problems]; later columns are padding. Default: all.

    >>> best_at_k([[1, 0]], [[0.9, 0.1]]).value.tolist()
    [[0.5, 1.0]]
    """
    scores, rank, sizes = _matrix(score), _matrix(verifier), None
    if rank.shape != scores.shape:
        raise UsageError(f"scores and verifier scores must have one shape, got {scores.shape} and {rank.shape}")
    sizes = _sizes(drawn, scores)
    value = _by_size(sizes, scores.shape, lambda rows, n: _order_statistic(scores[rows, :n], rank[rows, :n]))
    return Selection(value, "exact")


def shortest_at_k(score: ArrayLike, tokens: ArrayLike, *, drawn: ArrayLike | None = None) -> Selection:
    """First to finish: the sample with the fewest tokens of k, all decoded in step. Exact; as `best_at_k`.

    Source: Agarwal et al. 2025 (2505.18149), algorithm 1.

    Args:
        score: of each sample [problems, samples].
        tokens: completion tokens [problems, samples]; NaN for a sample that did not finish (it ranks last).
        drawn: samples of each problem [problems].
    """
    return best_at_k(score, -_matrix(tokens), drawn=drawn)


def vote_at_k(
    answer: ArrayLike, score: ArrayLike, *, key: Key, drawn: ArrayLike | None = None, permutations: int = 200
) -> Selection:
    """Majority vote of k samples, ties to the answer seen first, as the method `vote`.

    Pools of up to 32 samples are exact (`vote_exact`); larger ones are resampled: a random permutation gives the vote
    of each of its prefixes (`vote_resampled`). Over random orders, tied answers are equally likely to be seen first.
    If none of the k holds an answer the score is 0.

    Source: Wang et al. 2022 (2203.11171).

    Args:
        answer: id of each sample's answer [problems, samples], equal ids for equal answers; negative: no answer.
        score: of each sample's answer [problems, samples]; samples with one id should have one score (their mean is
            taken).
        key: for the permutations; a problem's curve depends on the key, its row number and its own pool only.
        drawn: samples of each problem [problems].
        permutations: for each problem that is resampled.

    >>> vote_at_k([[7, 7, 3]], [[1, 1, 0]], key=Key()).value.round(3).tolist()
    [[0.667, 0.667, 1.0]]
    """
    answers, scores, sizes = _pool(answer, score, drawn)
    resampled = bool(np.any(sizes > EXACT_VOTE))

    def curve(rows: Ints, n: int) -> Floats:
        pool = answers[rows, :n], scores[rows, :n]
        return (
            vote_exact.curve(*pool) if n <= EXACT_VOTE else vote_resampled.curve(*pool, None, key, rows, permutations)
        )

    value = _by_size(sizes, scores.shape, curve)
    return Selection(value, f"resampled ({permutations} permutations)" if resampled else "exact")


def weighted_vote_at_k(
    answer: ArrayLike,
    score: ArrayLike,
    verifier: ArrayLike,
    *,
    key: Key,
    drawn: ArrayLike | None = None,
    permutations: int = 200,
) -> Selection:
    """Weighted vote of k samples: verifier scores add up by answer, the heaviest answer wins, ties to the first seen.

    As the method `best_of` with `weighted`: samples without a verifier score do not vote, unless none of the k has
    one; then the majority decides. Totals closer than a millionth (n times 2**-30) of the largest weight are tied.
    Exact by enumeration of all orders where every pool has at most 6 samples, else resampled as `vote_at_k`.

    Args:
        answer, score, key, drawn, permutations: as in `vote_at_k`.
        verifier: weight of each sample [problems, samples], at least 0; NaN: none.

    Raises:
        UsageError: a negative or infinite weight.
    """
    answers, scores, sizes = _pool(answer, score, drawn)
    weights = _matrix(verifier)
    if weights.shape != scores.shape:
        raise UsageError(f"scores and weights must have one shape, got {scores.shape} and {weights.shape}")
    if np.any(weights < 0) or np.any(np.isinf(weights)):
        raise UsageError("weights of a vote must be finite and at least 0")
    exact = bool(np.all(sizes <= vote_resampled.ENUMERATED))
    value = _by_size(
        sizes,
        scores.shape,
        lambda rows, n: vote_resampled.curve(
            answers[rows, :n], scores[rows, :n], weights[rows, :n], key, rows, permutations
        ),
    )
    return Selection(value, "exact" if exact else f"resampled ({permutations} permutations)")


def _order_statistic(score: Floats, rank: Floats) -> Floats:
    """Expected score of the sample with the largest rank among k [problems, n]; NaN ranks last; k in blocks of 256."""
    rows, n = score.shape
    order = np.argsort(np.where(np.isnan(rank), -np.inf, rank), axis=1, kind="stable")
    # -inf is a rank of its own, above NaN: put NaN first among the lowest.
    ranked = np.take_along_axis(rank, order, axis=1)
    absent = np.argsort(~np.isnan(ranked), axis=1, kind="stable")
    order, ranked = np.take_along_axis(order, absent, axis=1), np.take_along_axis(ranked, absent, axis=1)
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
        value[:, start : start + block.shape[1]] = sorted_score @ block
    return value


def _tie_mean(score: Floats, ranked: Floats) -> Floats:
    """Scores replaced by their mean over samples of equal rank; both sorted by rank [problems, n]."""
    new = np.ones(ranked.shape, bool)
    new[:, 1:] = (ranked[:, 1:] != ranked[:, :-1]) & ~(np.isnan(ranked[:, 1:]) & np.isnan(ranked[:, :-1]))
    group = np.cumsum(new.ravel()) - 1
    mean = np.bincount(group, score.ravel()) / np.bincount(group)
    return mean[group].reshape(score.shape)


def _by_size(sizes: Ints, shape: tuple[int, ...], curve: Callable[[Ints, int], Floats]) -> Floats:
    """Applies `curve` to the problems of each pool size; the rest of a short problem's row stays NaN."""
    value = np.full((shape[0], int(sizes.max(initial=0))), np.nan)
    for n in np.unique(sizes[sizes > 0]).tolist():
        rows = np.flatnonzero(sizes == n)
        value[rows, :n] = curve(rows, n)
    return value


def _pool(answer: ArrayLike, score: ArrayLike, drawn: ArrayLike | None) -> tuple[Ints, Floats, Ints]:
    answers, scores = np.asarray(answer), _matrix(score)
    if answers.shape != scores.shape:
        raise UsageError(f"answers and scores must have one shape, got {answers.shape} and {scores.shape}")
    if answers.size and not np.issubdtype(answers.dtype, np.integer):
        raise UsageError(f"answer ids must be integers, got {answers.dtype}")
    return answers.astype(np.int64, copy=False), scores, _sizes(drawn, scores)


def _matrix(values: ArrayLike) -> Floats:
    matrix = np.asarray(values, float)
    if matrix.ndim != 2:
        raise UsageError(f"samples must be [problems, samples], got {matrix.ndim} dimensions")
    return matrix


def _sizes(drawn: ArrayLike | None, scores: Floats) -> Ints:
    rows, columns = scores.shape
    if drawn is None:
        return np.full(rows, columns, np.int64)
    sizes = np.asarray(drawn, np.int64)
    if sizes.shape != (rows,) or np.any(sizes < 0) or np.any(sizes > columns):
        raise UsageError(f"drawn must be {rows} numbers between 0 and {columns}")
    return sizes
