"""How many proposals a causal model accepts, and which token it puts in place of the first refused one."""

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
    """Which proposals the guide accepts.

    Args:
        name: exact: the guide's likeliest token. top_k: any of its k likeliest tokens. threshold: a token whose
            probability is above `threshold`. relative: one of the k likeliest tokens, at least `threshold` times as
            probable as the likeliest. stochastic: a token is accepted with its own probability.
        k: rank of the last token that counts as likely. threshold: a probability, or a ratio of probabilities.
    """

    name: RuleName
    k: int = 1
    threshold: float = 0.0

    @classmethod
    def of(cls, name: RuleName, k: int | None, threshold: float | None) -> Rule:
        """A rule with the defaults of the public code. Raises UsageError for k or threshold out of range."""
        default_k, default_threshold = (2, 0.5) if name == "relative" else (5, 0.1)
        rule = cls(name, default_k if k is None else k, default_threshold if threshold is None else threshold)
        if rule.k < 1 or not 0.0 <= rule.threshold <= 1.0:
            raise UsageError(f"k must be at least 1 and threshold between 0 and 1, got {rule.k} and {rule.threshold}")
        return rule

    @property
    def draws(self) -> bool:
        """Whether the guide draws a token in place of a refused one; otherwise it takes its likeliest."""
        return self.name in ("threshold", "stochastic")

    def accepts(self, probabilities: Tensor, token: int, u: float) -> bool:
        """Whether the guide accepts a token.

        Args:
            probabilities: the guide's probabilities [vocabulary]. u: a uniform number in [0, 1).
        """
        own = float(probabilities[token])
        match self.name:
            case "exact":
                return token == int(probabilities.argmax())
            case "top_k":
                return self._ranks(probabilities, token)
            case "threshold":
                return own > self.threshold
            case "relative":
                return self._ranks(probabilities, token) and own >= self.threshold * float(probabilities.max())
            case "stochastic":
                return u < own

    def _ranks(self, probabilities: Tensor, token: int) -> bool:
        """Whether a token is among the k likeliest; among equals the lowest id comes first."""
        own = probabilities[token]
        return int((probabilities > own).sum()) + int((probabilities[:token] == own).sum()) < self.k


@dataclass(frozen=True, slots=True)
class Agreement:
    """The guide's decision about a row of proposals.

    Args:
        accepted: number of leading proposals that are accepted.
        own: the guide's own token after them.
    """

    accepted: int
    own: int


def agreement(rule: Rule, logits: Tensor, proposals: Sequence[int], key: Key) -> Agreement:
    """Accepts a leading run of proposals, and finds the guide's own token after it.

    Args:
        logits: of the guide, float32 [proposals + 1, vocabulary]: at the place of each proposal, and after the last.
        key: of this place in the text.
    """
    probabilities = logits.softmax(-1)
    for at, token in enumerate(proposals):
        if rule.accepts(probabilities[at], token, (key / at / "accept").uniform()):
            continue
        if not rule.draws:
            return Agreement(at, int(logits[at].argmax()))
        others = probabilities[at].clone()
        others[token] = 0.0
        return Agreement(at, _drawn(others, (key / at / "draw").uniform()))
    last = len(proposals)
    if rule.name == "stochastic":
        return Agreement(last, _drawn(probabilities[last], (key / last / "draw").uniform()))
    return Agreement(last, int(logits[last].argmax()))


def _drawn(weights: Tensor, u: float) -> int:
    """Draws a token with a probability proportional to its weight."""
    sums = weights.double().cumsum(0)
    if not float(sums[-1]) > 0.0:
        return int(weights.argmax())
    place = int(torch.searchsorted(sums, u * float(sums[-1]), right=True))
    return min(place, int(weights.nonzero()[-1]))
