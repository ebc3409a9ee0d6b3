"""Majority vote of k samples, exactly: the expectation over all k-subsets, by generating functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["answer_counts", "exact_vote_at_k"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_ROWS = 256
"""Problems at a time, which bounds memory (about 35 MiB at n = 32)."""


def exact_vote_at_k(answer: Ints, score: Floats) -> Floats:
    """Expected score of the majority of k samples, for k = 1 … n.

    A k-subset holds i_b of the m_b samples with answer b in prod_b C(m_b, i_b) ways. For each height j of the largest
    count, the polynomial prod_b (sum_{i<j} C(m_b, i) x^i + y C(m_b, j) x^j) counts the subsets of size k (power of x)
    with t answers tied at the top (power of y); answers with m_b < j and samples without an answer cannot interfere
    and are one factor (1 + x)^r. Tied answers win with chance 1/t each: their counts are equal, so all are equally
    likely to be seen first. All terms are positive, so nothing cancels; counts stay within float64 up to n = 1000.

    Args:
        answer: ids [problems, n]; negative: no answer.
        score: [problems, n].

    Returns:
        [problems, n], column k - 1; a row with a NaN score is NaN.

    Cost: about n**3 log n operations a problem.
    """
    rows, n = answer.shape
    choose = _pascal(n)
    value = np.empty((rows, n))
    for start in range(0, rows, MAX_ROWS):
        part = slice(start, start + MAX_ROWS)
        counts, means = answer_counts(answer[part], score[part])
        ways = np.zeros((len(counts), n + 1))
        for height in range(1, int(counts.max(initial=0)) + 1):
            ways += _top(counts, means, height, choose)
        value[part] = ways[:, 1:] / choose[n, 1:]
    value[np.isnan(score).any(axis=1)] = np.nan
    return value


def answer_counts(answer: Ints, score: Floats) -> tuple[Ints, Floats]:
    """Number of samples and mean score of each distinct answer, most frequent first [problems, distinct answers]."""
    rows, n = answer.shape
    ordered = np.argsort(answer, axis=1, kind="stable")
    ids, scores = np.take_along_axis(answer, ordered, axis=1), np.take_along_axis(score, ordered, axis=1)
    new = np.ones((rows, n), bool)
    new[:, 1:] = ids[:, 1:] != ids[:, :-1]
    slot = np.cumsum(new, axis=1, dtype=np.int64) - 1 + np.arange(0, n * rows, n, dtype=np.int64).reshape(-1, 1)
    voting = ids >= 0
    counts = np.bincount(slot[voting], minlength=rows * n).reshape(rows, n)
    sums = np.bincount(slot[voting], np.nan_to_num(scores[voting]), minlength=rows * n).reshape(rows, n)
    order = np.argsort(-counts, axis=1, kind="stable")[:, : max(int((counts > 0).sum(axis=1).max(initial=0)), 1)]
    counts, sums = np.take_along_axis(counts, order, axis=1), np.take_along_axis(sums, order, axis=1)
    return counts, sums / np.maximum(counts, 1)


def _top(counts: Ints, means: Floats, height: int, choose: Floats) -> Floats:
    """Sum over subsets whose largest count is `height` of the winner's expected score, by subset size [problems, n+1].

    `plain[t]` counts subsets with t answers at the top, `scored[t]` weighs each by the sum of their scores.
    """
    rows, n = len(counts), len(choose) - 1
    max_tied = n // height
    plain = np.zeros((rows, max_tied + 1, n + 1))
    scored = np.zeros_like(plain)
    plain[:, 0, 0] = 1.0
    for b in range(int((counts >= height).sum(axis=1).max())):
        count = counts[:, b]
        able = count >= height
        below = np.where(able[:, None], choose[count, :height], np.eye(1, height))
        tie = np.where(able, choose[count, height], 0.0)[:, None, None]
        gained = (scored + means[:, b, None, None] * plain)[:, :-1, : n + 1 - height] * tie
        tied = plain[:, :-1, : n + 1 - height] * tie
        plain, scored = _times(plain, below), _times(scored, below)
        plain[:, 1:, height:] += tied
        scored[:, 1:, height:] += gained
    winners = (scored[:, 1:] / np.arange(1, max_tied + 1)[:, None]).sum(axis=1)
    free = n - np.where(counts >= height, counts, 0).sum(axis=1)
    return _times(winners[:, None], choose[free])[:, 0]


def _times(poly: Floats, factor: Floats) -> Floats:
    """Product of polynomials in x, cut at degree n: poly [problems, tied, n + 1], factor [problems, terms]."""
    product = np.zeros_like(poly)
    size = poly.shape[2]
    for power in range(factor.shape[1]):
        product[:, :, power:] += poly[:, :, : size - power] * factor[:, power, None, None]
    return product


def _pascal(n: int) -> Floats:
    """C(m, i) for m, i = 0 … n."""
    choose = np.zeros((n + 1, n + 1))
    choose[:, 0] = 1.0
    for m in range(1, n + 1):
        choose[m, 1:] = choose[m - 1, 1:] + choose[m - 1, :-1]
    return choose
