"""Weights of particles, as logarithms: sums, normalisation, effective sample size."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["effective_sample_size", "log_mean_exp", "log_sum_exp", "logit", "normalised", "softmax"]

TINY = 1e-7
"""Probabilities are kept this far from 0 and 1 before their log-odds are taken, as in its_hub's public code."""


def log_sum_exp(logs: Sequence[float]) -> float:
    """log of the sum of exp, without overflow; -inf for nothing and for all -inf.

    >>> round(log_sum_exp([1000.0, 1000.0]) - 1000.0, 6)
    0.693147
    """
    top = max(logs, default=-math.inf)
    if math.isinf(top):
        return top
    return top + math.log(math.fsum(math.exp(log - top) for log in logs))


def log_mean_exp(logs: Sequence[float]) -> float:
    """log of the mean of exp; -inf for nothing."""
    return log_sum_exp(logs) - math.log(len(logs)) if logs else -math.inf


def normalised(log_weights: Sequence[float]) -> list[float]:
    """The weights, summing to 1. If all are -inf, no particle is preferred: each is 1 / n."""
    top = max(log_weights, default=-math.inf)
    if top == -math.inf:
        return [1.0 / len(log_weights)] * len(log_weights)
    shares = [math.exp(log - top) for log in log_weights]
    total = math.fsum(shares)
    return [share / total for share in shares]


def effective_sample_size(log_weights: Sequence[float]) -> float:
    """(sum w)^2 / sum w^2: n for equal weights, 1 if one particle has it all (Kong et al. 1994; Liu and Chen 1995)."""
    return 1.0 / math.fsum(share * share for share in normalised(log_weights)) if log_weights else 0.0


def softmax(scores: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Shares proportional to exp(score / temperature), temperature > 0.

    >>> softmax([0.0, 0.0, float("-inf")])
    [0.5, 0.5, 0.0]
    """
    return normalised([score / temperature for score in scores])


def logit(probability: float, tiny: float = TINY) -> float:
    """log(p / (1 - p)), p first brought into [tiny, 1 - tiny].

    The softmax of log-odds are the odds, divided by their sum.
    """
    inside = min(max(probability, tiny), 1.0 - tiny)
    return math.log(inside) - math.log1p(-inside)
