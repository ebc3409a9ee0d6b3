"""How sure a model was of what it wrote, from its tokens' log-probabilities. Higher is surer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from passel.core.reply import Token

__all__ = ["Measure", "sureness"]

Measure = Literal["probability", "mean_logprob", "certainty", "tail", "lowest_group"]
"""See `sureness`."""

_TAIL, _GROUP = 0.1, 32


def sureness(tokens: Sequence[Token], measure: Measure) -> float | None:
    """A model's confidence in a text as one number; None without tokens.

    probability: exp of the mean log-probability, in (0, 1] (Wang et al. 2022, 2203.11171, table 1, normalised).
    mean_logprob: the mean log-probability itself.
    certainty: minus the mean log-probability of the reported alternatives at each token, averaged: larger where one
        alternative stands out (token confidence of Fu et al. 2025, DeepConf, 2508.15260; self-certainty, Kang et al.
        2025, 2502.18581, is the same over the whole vocabulary, up to a logarithm). A token without alternatives
        counts with its own log-probability.
    tail: certainty of the last tenth of the tokens (DeepConf, tail confidence, over the last 2,048).
    lowest_group: the least certainty of any 32 tokens in a row (DeepConf, lowest group confidence, over 2,048).
    """
    if not tokens:
        return None
    match measure:
        case "probability":
            return math.exp(_mean([token.logprob for token in tokens]))
        case "mean_logprob":
            return _mean([token.logprob for token in tokens])
        case "certainty":
            return _mean([_certainty(token) for token in tokens])
        case "tail":
            return _mean([_certainty(token) for token in tokens[-max(1, round(_TAIL * len(tokens))) :]])
        case "lowest_group":
            each = [_certainty(token) for token in tokens]
            return min(_mean(each[i : i + _GROUP]) for i in range(max(1, len(each) - _GROUP + 1)))


def _certainty(token: Token) -> float:
    known = [logprob for _, logprob in token.top if logprob > -math.inf]
    return -_mean(known or [token.logprob])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
