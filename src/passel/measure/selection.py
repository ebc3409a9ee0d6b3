"""What selecting among k samples would give, at every k, from one pool of n >= k samples a problem."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key

__all__ = ["best_at_k", "vote_at_k"]

Array = NDArray[np.float64]
Ids = NDArray[np.int64]

EXACT_UP_TO = 12
_DRAWS_IN_ALL = 20_000


def best_at_k(values: Array, scores: Array) -> Array:
    """Expected value of the sample that a verifier scores highest among k, exactly, for every k at once.

    Of all k-subsets of the pool, the share in which the best sample has rank at most r is C(r, k) / C(n, k); the
    difference over ranks is the chance of each rank, which weighs its value. Equal scores share their ranks evenly.
    Unscored samples (NaN) rank below all others.

    Source: the order statistics of best-of-n, as in Gao et al. 2022 (2210.10760), appendix I.

    Args:
        values: [problems, n], what each sample is worth. scores: [problems, n], the verifier's.

    Returns: [problems, n]; column k - 1 is best-of-k.
    """
    problems, n = values.shape
    ranked = np.empty_like(values)
    filled = np.where(np.isnan(scores), -np.inf, scores)
    for row in range(problems):
        order = np.argsort(filled[row], kind="stable")
        _, group, sizes = np.unique(filled[row][order], return_inverse=True, return_counts=True)
        means = np.bincount(group, weights=values[row][order]) / sizes
        ranked[row] = means[group]
    return ranked @ _rank_chances(n)


def _rank_chances(n: int) -> Array:
    """[rank, k]: the chance that the best of k out of n has this rank (0 is the lowest)."""
    ranks, step = np.arange(n + 1)[:, None], np.arange(n)[None, :]
    below = np.cumprod(np.clip(ranks - step, 0, None) / (n - step), axis=1)  # C(r, k) / C(n, k)
    return np.diff(below, axis=0)


def vote_at_k(answers: Ids, values: Array, key: Key, *, draws: int | None = None) -> tuple[Array, str]:
    """Expected value of the majority answer of k samples, for every k at once.

    Ties go to the answer seen first, samples in random order, so each of t tied answers wins in 1/t of the orders.
    Samples without an answer (-1) do not vote; where nobody votes the value is 0. Up to 12 samples every subset is
    enumerated; beyond, random orders of the pool are drawn, and each gives a vote at every k.

    Args:
        answers: [problems, n], equal numbers for equal answers, -1 for none.
        values: [problems, n], what each sample's answer is worth; equal for equal answers.
        draws: random orders for each problem; default: 20,000 in all, at least 16 a problem.

    Returns: [problems, n], column k - 1 is vote@k; and how it was computed.
    """
    problems, n = answers.shape
    if n <= EXACT_UP_TO:
        rows = [_vote_exact(a, v) for a, v in zip(answers, values, strict=True)]
        return np.array(rows).reshape(problems, n), "exact"
    draws = max(16, _DRAWS_IN_ALL // max(1, problems)) if draws is None else draws
    size = max(1, 20_000 // draws)  # problems at a time: bounds the memory
    parts = [
        _vote_resampled(answers[start : start + size], values[start : start + size], key / start, draws)
        for start in range(0, problems, size)
    ]
    return np.concatenate(parts) if parts else np.empty((0, n)), f"resampled ({draws} random orders a problem)"


def _vote_exact(answers: Ids, values: Array) -> Array:
    n = len(answers)
    subsets = (np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1
    size = subsets.sum(axis=1)
    known, first = np.unique(answers[answers >= 0], return_index=True)
    worth = values[answers >= 0][first]
    total = np.zeros(len(subsets))
    if len(known):
        votes = subsets @ (answers[:, None] == known)
        tied = (votes == votes.max(axis=1, keepdims=True)) & (votes > 0)
        total = (tied @ worth) / np.maximum(tied.sum(axis=1), 1)
    return np.bincount(size, weights=total, minlength=n + 1)[1:] / np.bincount(size, minlength=n + 1)[1:]


def _vote_resampled(answers: Ids, values: Array, key: Key, draws: int) -> Array:
    """All orders of all problems step by step: adding a vote can only make its own answer the leader."""
    chance = np.random.Generator(np.random.Philox(key.bits(64)))
    problems, n = answers.shape
    order = np.argsort(chance.random((problems, draws, n), dtype=np.float32), axis=2)
    ids = _dense(answers)
    kinds = int(ids.max(initial=0)) + 1
    drawn = ids[np.arange(problems)[:, None, None], order].reshape(-1, n)
    worth = _worth(ids, values, kinds)
    rows = np.arange(problems * draws)
    owner = rows // draws
    votes = np.zeros((len(rows), kinds), dtype=np.int32)
    seen = np.full((len(rows), kinds), n, dtype=np.int32)
    leader, lead = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int32)
    result = np.empty((problems, n))
    for step in range(n):
        vote = drawn[:, step]
        votes[rows, vote] += 1
        seen[rows, vote] = np.minimum(seen[rows, vote], step)
        count = np.where(vote > 0, votes[rows, vote], 0)  # kind 0 is "no answer"
        earlier = seen[rows, vote] < seen[rows, leader]
        takes = (count > lead) | ((count == lead) & (count > 0) & earlier)
        leader, lead = np.where(takes, vote, leader), np.where(takes, count, lead)
        result[:, step] = worth[owner, leader].reshape(problems, draws).mean(axis=1)
    return result


def _dense(answers: Ids) -> Ids:
    """Each problem's answers numbered from 1; 0 is none."""
    rows: Sequence[Ids] = [np.unique(row, return_inverse=True)[1] + int(row.min(initial=0) >= 0) for row in answers]
    return np.array(rows, dtype=np.int64).reshape(answers.shape)


def _worth(ids: Ids, values: Array, kinds: int) -> Array:
    worth = np.zeros((len(ids), kinds))
    worth[np.arange(len(ids))[:, None], ids] = values
    worth[:, 0] = 0.0
    return worth
