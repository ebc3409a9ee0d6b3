"""Forward and backward evidence for answers, combined (FOBAR; Jiang et al. 2023, arXiv 2308.07758)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

__all__ = ["backward_shares", "forward_backward"]

K = TypeVar("K", bound=Hashable)


def backward_shares(recovered: Mapping[K, float], *, epsilon: float = 1e-8) -> dict[K, float]:
    """P_b(A) = (Z(A) + epsilon / |candidates|) / (sum of Z + epsilon), by answer; they sum to 1.

    Args:
        recovered: Z, the number of backward chains that recovered the hidden number, by candidate answer.
        epsilon: makes the shares uniform where no chain recovered it; more than 0; 1e-8 is the paper's.

    >>> backward_shares({"7": 0, "8": 0})
    {'7': 0.5, '8': 0.5}
    """
    total = sum(recovered.values()) + epsilon
    return {answer: (count + epsilon / len(recovered)) / total for answer, count in recovered.items()}


def forward_backward(
    forward: Mapping[K, float], backward: Mapping[K, float], *, alpha: float = 0.5, epsilon: float = 1e-8
) -> dict[K, float]:
    """P_f(A)^alpha * P_b(A)^(1 - alpha) of each forward candidate, not normalised.

    Args:
        forward: P_f, vote shares by answer. Only these answers can win.
        backward: P_b by answer; epsilon for a candidate that it lacks.
        alpha: 1 is only the vote, 0 only the backward evidence; the paper's default is 0.5.
        epsilon: 1e-8 as in the paper's code.

    >>> scores = forward_backward({"7": 0.4, "8": 0.6}, backward_shares({"7": 6, "8": 2}))
    >>> max(scores, key=scores.get)
    '7'
    """
    return {answer: share**alpha * backward.get(answer, epsilon) ** (1.0 - alpha) for answer, share in forward.items()}
