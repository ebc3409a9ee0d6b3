"""Log-probabilities in the two shapes that endpoints report them in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from passel.core.reply import Token
from passel.models.parts.loose import listing, mapping, number, text_of

__all__ = ["continuation_scores", "token_count", "tokens_of"]

_NEVER = -9999.0
"""Stands for a log-probability that JSON cannot carry (vLLM's convention for -inf)."""
_SPACE = " \t\r\n▁ĠĊ"


def tokens_of(choice: dict[str, Any], top: int) -> tuple[Token, ...]:
    """A choice's tokens in order, each with at most `top` alternatives, the likeliest first; () if not reported.

    A chat's shape is {"content": [{"token", "logprob", "top_logprobs": [{"token", "logprob"}]}]} (llama.cpp uses it
    for texts too); the older one of texts is {"tokens": […], "token_logprobs": […], "top_logprobs": [{token: …}]}.
    """
    report = mapping(choice.get("logprobs"))
    if entries := listing(report.get("content")):
        return tuple(_chat_token(mapping(entry), top) for entry in entries)
    texts, values = listing(report.get("tokens")), listing(report.get("token_logprobs"))
    tops = listing(report.get("top_logprobs")) or [None] * len(texts)
    return tuple(
        Token(text_of(text), _logprob(value), _ranked(list(mapping(pairs).items()), top))
        for text, value, pairs in zip(texts, values, tops, strict=False)
    )


def token_count(choice: dict[str, Any]) -> int:
    """The number of tokens whose log-probabilities a choice reports."""
    report = mapping(choice.get("logprobs"))
    return len(listing(report.get("content")) or listing(report.get("tokens")))


def continuation_scores(top: Sequence[tuple[str, float]], continuations: Sequence[str]) -> tuple[float, ...]:
    """The log-probability that the answer begins as each continuation does, by the likeliest first tokens.

    The probabilities of the tokens that a continuation begins with are added up, with or without leading space and
    case by case: " Yes", "Yes" and "Y" all count for "Yes". So it is exact for a continuation that is one token,
    and for a longer one it is the probability of its beginning. -inf if no reported token matches.
    """
    shares = [(token.strip(_SPACE), math.exp(min(0.0, value))) for token, value in top]
    scores: list[float] = []
    for continuation in continuations:
        wanted = continuation.strip()
        mass = sum(share for token, share in shares if token and wanted.startswith(token))
        scores.append(min(0.0, math.log(mass)) if mass > 0.0 else -math.inf)
    return tuple(scores)


def _chat_token(entry: dict[str, Any], top: int) -> Token:
    rivals = [mapping(rival) for rival in listing(entry.get("top_logprobs"))]
    pairs = [(text_of(rival.get("token")), rival.get("logprob")) for rival in rivals]
    return Token(text_of(entry.get("token")), _logprob(entry.get("logprob")), _ranked(pairs, top))


def _ranked(pairs: list[tuple[str, Any]], top: int) -> tuple[tuple[str, float], ...]:
    values = [(text, _logprob(value)) for text, value in pairs]
    return tuple(sorted(values, key=lambda pair: -pair[1])[:top])


def _logprob(value: Any) -> float:
    found = number(value)
    return _NEVER if found is None else float(found)
