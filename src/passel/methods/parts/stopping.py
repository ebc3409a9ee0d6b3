"""When to stop a vote: rules on the counts so far, pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["beta_lead", "dirichlet_lead", "settled_window", "sprt_decided"]

_NODES = 2000


def beta_lead(first: float, second: float) -> float:
    """The posterior probability that the leading answer is more frequent than the runner-up, without the other answers.

    With a uniform prior the leader's share of the two is Beta(first + 1, second + 1); this is the mass above 1/2. It is
    a binomial tail, so exact: P(X <= first) for X ~ Binomial(first + second + 1, 1/2).

    Source: Aggarwal et al. 2023, Adaptive-Consistency (2305.11860), the Beta criterion.

    Args:
        first, second: votes of the leader and the runner-up, whole numbers with first >= second >= 0.

    >>> beta_lead(0, 0), round(beta_lead(3, 0), 4)
    (0.5, 0.9375)
    """
    a, b = round(first), round(second)
    n = a + b + 1
    return sum(math.comb(n, i) for i in range(a + 1)) / 2**n


def dirichlet_lead(counts: Sequence[float]) -> float:
    """The posterior probability that the leading answer is the most frequent of all those seen.

    With a uniform prior over the shares of the answers seen, they are Dirichlet(counts + 1). As independent gammas:
    the integral over x of the leader's density times the product of the others' distribution functions, by the
    trapezoidal rule.

    Source: Aggarwal et al. 2023, Adaptive-Consistency (2305.11860), the Dirichlet criterion.

    Args:
        counts: votes by answer, at least 0, in any order; without votes it is 0, with one answer 1.

    >>> round(dirichlet_lead([5, 1, 1]), 3), dirichlet_lead([3])
    (0.888, 1.0)
    """
    if len(counts) < 2:
        return float(len(counts))
    leader, *others = sorted(counts, reverse=True)
    top = leader + 1 + 12 * math.sqrt(leader + 1) + 12
    step = top / _NODES
    total = 0.0
    for node in range(1, _NODES):
        x = node * step
        density = math.exp(leader * math.log(x) - x - math.lgamma(leader + 1))
        total += density * math.prod(_gamma_below(other, x) for other in others)
    return min(1.0, total * step)


def _gamma_below(count: float, x: float) -> float:
    """P(G <= x) for G ~ Gamma(count + 1, 1) with a whole count: 1 minus a Poisson's tail."""
    term, below = math.exp(-x), 0.0
    for i in range(round(count) + 1):
        below += term
        term *= x / (i + 1)
    return max(0.0, 1.0 - below)


def sprt_decided(first: float, second: float, *, share: float = 0.7, error: float = 0.05) -> bool:
    """Whether Wald's sequential test has decided that the leader is ahead of the runner-up.

    Votes for the two are coin tosses: the leader's chance is `share` under one hypothesis and 1 - share under the
    other. It has decided when the log-likelihood ratio, (first - second) * log(share / (1 - share)), reaches log((1 -
    error) / error); of two answers named beforehand, the wrong one is then taken with a chance of at most about
    `error`.

    Source: Wald 1945, Sequential Tests of Statistical Hypotheses, with both errors equal.

    Args:
        first, second: votes of the leader and the runner-up.
        share: of the leader under its hypothesis; 0.7 is ours.
        error: chance of a wrong decision.

    >>> sprt_decided(3, 0), sprt_decided(4, 0)
    (False, True)
    """
    return (first - second) * math.log(share / (1 - share)) >= math.log((1 - error) / error)


def settled_window(answers: Sequence[str | None], size: int) -> bool:
    """Whether the last window of samples agrees: all have answers, and these are equal. Windows do not overlap.

    Source: Li et al. 2024, Early-Stopping Self-Consistency (2401.10480).

    >>> settled_window(["4", "5", "7", "7"], 2), settled_window(["4", "7", "7"], 2)
    (True, False)
    """
    if not answers or len(answers) % size:
        return False
    last = set(answers[-size:])
    return len(last) == 1 and None not in last
