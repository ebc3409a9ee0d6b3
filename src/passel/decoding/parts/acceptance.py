"""How many proposals a causal model agrees to, and what it has in the place of the first that it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from passel.core.errors import UsageError
from passel.core.key import Key

__all__ = ["Agreement", "Rule", "RuleName", "agreement"]

RuleName = Literal["exact", "top_k", "threshold", "relative", "stochastic"]


@dataclass(frozen=True, slots=True)
class Rule:
    """When a proposal is accepted.

    Args:
        name: exact: it is the guide's likeliest. top_k: among its k likeliest. threshold: its probability is above
            `least`. relative: among the k likeliest, with at least `least` times the probability of the likeliest.
            stochastic: with its own probability.
    """

    name: RuleName
    k: int = 1
    least: float = 0.0

    @classmethod
    def of(cls, name: RuleName, k: int | None, least: float | None) -> Rule:
        """With the defaults of the public code. Raises UsageError for what is no rule."""
        rule = cls(name, (2 if name == "relative" else 5) if k is None else k, _least(name) if least is None else least)
        if rule.k < 1 or not 0.0 <= rule.least <= 1.0:
            raise UsageError(f"k must be at least 1 and least between 0 and 1, got {rule.k} and {rule.least}")
        return rule

    @property
    def draws(self) -> bool:
        """Whether the guide draws in the place of what it refuses; else it takes its likeliest."""
        return self.name in ("threshold", "stochastic")

    def accepts(self, chances: Tensor, token: int, u: float) -> bool:
        """Whether a proposal stands, of the guide's probabilities [vocabulary]; u: a number in [0, 1)."""
        own = float(chances[token])
        match self.name:
            case "exact":
                return token == int(chances.argmax())
            case "top_k":
                return self._ranks(chances, token)
            case "threshold":
                return own > self.least
            case "relative":
                return self._ranks(chances, token) and own >= self.least * float(chances.max())
            case "stochastic":
                return u < own

    def _ranks(self, chances: Tensor, token: int) -> bool:
        """Whether it is among the k likeliest; of equals the lowest id comes first."""
        own = chances[token]
        return int((chances > own).sum()) + int((chances[:token] == own).sum()) < self.k


@dataclass(frozen=True, slots=True)
class Agreement:
    """What comes of a row of proposals.

    Args:
        accepted: of them, from the first on.
        own: the guide's token after these.
    """

    accepted: int
    own: int


def agreement(rule: Rule, logits: Tensor, proposals: Sequence[int], key: Key) -> Agreement:
    """The leading run that the rule accepts, and the guide's own token after it.

    Args:
        logits: float32 [proposals + 1, vocabulary]: where each is to stand, and after the last.
        key: of this place of the text.
    """
    chances = logits.softmax(-1)
    for at, token in enumerate(proposals):
        if rule.accepts(chances[at], token, (key / at / "accept").uniform()):
            continue
        if not rule.draws:
            return Agreement(at, int(logits[at].argmax()))
        others = chances[at].clone()
        others[token] = 0.0
        return Agreement(at, _drawn(others, (key / at / "draw").uniform()))
    last = len(proposals)
    if rule.name == "stochastic":
        return Agreement(last, _drawn(chances[last], (key / last / "draw").uniform()))
    return Agreement(last, int(logits[last].argmax()))


def _drawn(weights: Tensor, u: float) -> int:
    """A token with a probability that is proportional to its weight."""
    sums = weights.double().cumsum(0)
    if not float(sums[-1]) > 0.0:
        return int(weights.argmax())
    place = int(torch.searchsorted(sums, u * float(sums[-1]), right=True))
    return min(place, int(weights.nonzero()[-1]))


def _least(name: RuleName) -> float:
    return 0.5 if name == "relative" else 0.1
