"""Resampling with an imperfect verifier over types of problems of known difficulty, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError

__all__ = ["Mixture"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mixture:
    """Types of problems, and a verifier that errs equally often on all of them.

    A try on a problem of type t is right and accepted with chance c r_t, wrong and accepted with chance (1 - r_t)
    (1 - s), and rejected with chance beta_t = (1 - c) r_t + s (1 - r_t).

    Source: Stroebl et al. 2024 (2411.17501), the two-type model. The authors' notebook weighs the chance to reach try k
    by beliefs that are already updated on it, which counts hardness twice; here it is sum_t p_t beta_t^(k-1).

    Symbols: p -> shares; r -> right; c -> completeness; s -> soundness.

    Args:
        shares: of the types, at least 0, sum 1. right: chance that one sample is right, by type.
        completeness: chance that a right sample is accepted. soundness: chance that a wrong sample is rejected.

    Raises:
        UsageError: a chance outside [0, 1], lists of different lengths, or shares that do not sum to 1.

    >>> easy_and_hard = Mixture((0.58, 0.42), (0.87, 0.13), completeness=1.0, soundness=0.75)
    >>> [easy_and_hard.best_tries(cost) for cost in (1, 2, 4, 30)]
    [2, 1, 1, 0]
    """

    shares: tuple[float, ...]
    right: tuple[float, ...]
    completeness: float
    soundness: float

    def __post_init__(self) -> None:
        if any(not 0.0 <= chance <= 1.0 for chance in (*self.shares, *self.right, self.completeness, self.soundness)):
            raise UsageError("shares, chances of being right, completeness and soundness must lie in [0, 1]")
        if len(self.shares) != len(self.right) or abs(sum(self.shares) - 1.0) > 1e-9:
            raise UsageError("a mixture needs a share for each type, and shares that sum to 1")

    @property
    def accept_right(self) -> Floats:
        """Chance that a try is right and accepted [types]."""
        return self.completeness * np.array(self.right)

    @property
    def accept_wrong(self) -> Floats:
        """Chance that a try is wrong and accepted [types]."""
        return (1.0 - self.soundness) * (1.0 - np.array(self.right))

    @property
    def reject(self) -> Floats:
        """Chance that a try is rejected, beta [types]."""
        right = np.array(self.right)
        return (1.0 - self.completeness) * right + self.soundness * (1.0 - right)

    def reaching(self, k: int) -> Floats:
        """Chance that a problem is of a type and its first k - 1 tries are rejected [types]."""
        return np.array(self.shares) * self.reject ** (k - 1)

    def belief(self, k: int) -> Floats:
        """Chance of each type given that k - 1 tries were rejected [types]; NaN where none is ever rejected."""
        reached = self.reaching(k)
        total = reached.sum()
        return reached / total if total > 0 else np.full(len(reached), np.nan)

    def precision(self, k: int) -> float:
        """Chance that an answer accepted at try k is right; NaN where no answer can be accepted."""
        right, wrong = self.belief(k) @ self.accept_right, self.belief(k) @ self.accept_wrong
        return float(right / (right + wrong)) if right + wrong > 0 else float("nan")

    def precision_within(self, k: int) -> float:
        """Chance that an answer accepted within k tries is right; NaN where no answer can be accepted."""
        spent = np.array(self.shares) * self._rounds(k)
        right, wrong = spent @ self.accept_right, spent @ self.accept_wrong
        return float(right / (right + wrong)) if right + wrong > 0 else float("nan")

    def value(self, k: int, cost: float, sample_cost: float = 0.0) -> float:
        """Worth of at most k tries: 1 for a right accepted answer, -cost for a wrong one, less sample_cost a try.

        sum_t p_t (1 - beta_t^k) / (1 - beta_t) (c r_t - cost (1 - r_t) (1 - s) - sample_cost).
        """
        gain = self.accept_right - cost * self.accept_wrong - sample_cost
        return float(np.array(self.shares) @ (self._rounds(k) * gain))

    def best_tries(self, cost: float, sample_cost: float = 0.0, max_tries: int = 1000) -> int:
        """The smallest k up to `max_tries` of the largest value; 0 where no try pays."""
        values = np.array([self.value(k, cost, sample_cost) for k in range(max_tries + 1)])
        return int(np.argmax(values >= values.max() - 1e-12))

    def _rounds(self, k: int) -> Floats:
        """Expected number of tries, at most k: the sum of beta^j, j = 0 … k - 1 [types]."""
        beta = self.reject
        certain = beta >= 1.0
        return np.where(certain, float(k), (1.0 - beta**k) / np.where(certain, 1.0, 1.0 - beta))
