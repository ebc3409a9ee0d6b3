"""Votes of k samples by resampling: a random permutation of the samples gives the vote of each of its prefixes."""

from __future__ import annotations

from itertools import permutations as all_permutations

import numpy as np
from numpy.typing import NDArray

from passel.core.key import Key
from passel.estimators.chance import generator

__all__ = ["MAX_ENUMERATED", "resampled_vote_at_k"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_ENUMERATED = 6
"""Largest number of samples of which all orders (720) are enumerated, which makes the curve exact."""

MAX_CELLS = 1 << 18
"""Running totals held at a time, 2 MiB: they should stay in the processor's cache."""

TIE = 2.0**-30
"""The handicap of an answer for each place by which it is first seen later, in units of the largest weight."""


def resampled_vote_at_k(
    answer: Ints, score: Floats, weight: Floats | None, key: Key, rows: Ints, permutations: int
) -> Floats:
    """Expected score of the (weighted) majority of k samples, ties to the answer seen first, for k = 1 … n.

    All problems share one set of permutations, and the samples of each problem are shuffled once before. A problem's
    orders are then independent and uniform, and the errors of two problems are uncorrelated, but only
    permutations * n + problems * n random numbers are sample and the gathers run along short rows.

    Args:
        answer: ids [problems, n]; negative: no answer.
        score: [problems, n].
        weight: [problems, n], at least 0, NaN: votes only where no sample has a weight; None: all weights are 1.
        key: for the permutations and, with the row number, for each shuffle.
        rows: the problems' row numbers [problems].
        permutations: orders a problem.

    Returns:
        [problems, n], column k - 1; a row with a NaN score is NaN.

    Cost: about 20 ns times problems * n * permutations; memory by chunks of `MAX_CELLS`.
    """
    problems, n = answer.shape
    orders = _orders(n, permutations, key)
    value = np.empty((problems, n))
    step = max(1, MAX_CELLS // (len(orders) * 24))
    for start in range(0, problems, step):
        part = slice(start, start + step)
        shuffles = np.stack([generator(key / "shuffle" / row).permutation(n) for row in rows[part].tolist()])
        ids, scores = _dense(answer[part], score[part])
        weights = None if weight is None else np.take_along_axis(_normal(weight[part]), shuffles, axis=1)
        ids, scores = np.take_along_axis(ids, shuffles, axis=1), np.take_along_axis(scores, shuffles, axis=1)
        value[part] = _prefix_votes(ids, scores, weights, orders)
    value[np.isnan(score).any(axis=1)] = np.nan
    return value


def _orders(n: int, permutations: int, key: Key) -> Ints:
    """Orders of n samples [orders, n]: all of them when n is small, else random ones."""
    if n <= MAX_ENUMERATED:
        return np.array(list(all_permutations(range(n))), np.int64)
    return generator(key / "orders").permuted(np.tile(np.arange(n), (permutations, 1)), axis=1)


def _dense(answer: Ints, score: Floats) -> tuple[Ints, Floats]:
    """Ids renumbered from 0 in each row, -1 for no answer; scores replaced by their mean over the same answer."""
    rows, n = answer.shape
    answer = np.maximum(answer, -1)
    order = np.argsort(answer, axis=1, kind="stable")
    sorted_ids = np.take_along_axis(answer, order, axis=1)
    new = np.zeros((rows, n), np.int64)
    new[:, 1:] = sorted_ids[:, 1:] != sorted_ids[:, :-1]
    ranks = np.empty_like(answer)
    np.put_along_axis(ranks, order, np.cumsum(new, axis=1), axis=1)
    slot = (ranks + np.arange(0, n * rows, n, dtype=np.int64).reshape(-1, 1)).ravel()
    mean = np.bincount(slot, np.nan_to_num(score).ravel(), minlength=rows * n)
    mean /= np.maximum(np.bincount(slot, minlength=rows * n), 1)
    ids: Ints = ranks - np.any(answer < 0, axis=1, keepdims=True)  # "no answer" sorts first
    return ids, np.where(answer < 0, 0.0, mean[slot].reshape(rows, n))


def _normal(weight: Floats) -> Floats:
    """Weights divided by the row's largest, so that they lie in [0, 1]; NaN stays."""
    largest = np.nan_to_num(weight).max(axis=1, keepdims=True, initial=0.0)
    return weight / np.where(largest > 0, largest, 1.0)


def _prefix_votes(ids: Ints, scores: Floats, weights: Floats | None, orders: Ints) -> Floats:
    """Mean over orders of the leading answer's score after each sample [problems, n].

    A slot's total is its answer's weight so far, less TIE for each place that it was first seen later: then the largest
    total is the leader, ties included, and only the answer of the latest sample can overtake. A slot that has not been
    seen is 0. The last slot holds samples without an answer; at -inf it never leads. Where there are
    weights, samples without a weight vote in slots of their own, so far below that any weight at all beats them.
    """
    problems, n = ids.shape
    answers = int(ids.max(initial=-1)) + 1
    begin = np.zeros((problems, n))
    if weights is not None:
        silent = np.isnan(weights) & (ids >= 0)
        ids = np.where(silent, ids + answers, ids)
        begin[silent] = -4.0 * n
        weights = np.where(silent, 1.0, np.nan_to_num(weights))
        answers *= 2
    slots = answers + 1
    count = len(orders)
    totals = np.zeros((problems, slots, count))
    totals[:, -1] = -np.inf
    flat = totals.reshape(-1)
    first_slot = np.arange(0, slots * problems, slots, dtype=np.int64).reshape(-1, 1)
    base = (np.where(ids < 0, answers, ids) + first_slot) * count
    order_number = np.arange(count)
    best = np.full((problems, count), -np.inf)
    leader = np.zeros((problems, count))
    value = np.empty((problems, n))
    for k in range(n):
        sample = orders[:, k]
        at = base.take(sample, axis=1)
        at += order_number
        total: Floats = flat.take(at)
        first: NDArray[np.bool_] = total == 0.0
        total += 1.0 if weights is None else weights.take(sample, axis=1)
        late = TIE * (k + 1)
        total -= first * late if weights is None else first * (late - begin.take(sample, axis=1))
        flat[at] = total
        better: NDArray[np.bool_] = total > best
        np.copyto(best, total, where=better)
        np.copyto(leader, scores.take(sample, axis=1), where=better)
        leader.mean(axis=1, out=value[:, k])
    return value
