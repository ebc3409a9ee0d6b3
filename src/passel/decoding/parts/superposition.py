"""Superposed drafts: their common candidates for the next token, their scores, and the mix that represents them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from passel.engine.requests import Mix
from passel.engine.sampling.leading import leading

__all__ = ["Draft", "Drafts", "Floats", "Ints", "common_length", "extended", "mixture", "score_gains", "top_candidates"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft. score: running log-score. ended: whether its last token is an end token."""

    tokens: tuple[int, ...] = ()
    score: float = 0.0
    ended: bool = False

    @property
    def mean(self) -> float:
        """Log-score per token, to compare drafts of different lengths."""
        return self.score / max(1, len(self.tokens))


@dataclass(frozen=True, slots=True)
class Drafts:
    """All drafts, best first. alive: unfinished, of one length. ended: the best k drafts that an end token ended."""

    alive: tuple[Draft, ...] = (Draft(),)
    ended: tuple[Draft, ...] = ()

    def ranked(self, k: int) -> tuple[Draft, ...]:
        """The k best drafts by log-score per token; among equals, finished drafts first."""
        return tuple(sorted((*self.ended, *self.alive), key=lambda draft: -draft.mean)[:k])

    def contexts(self, prompt: Sequence[int], length: int) -> Ints:
        """The last tokens of the prompt and each unfinished draft, -1 before the prompt [alive, length]."""
        short = (-1,) * length
        return np.asarray([(*short, *prompt[-length:], *draft.tokens)[-length:] for draft in self.alive], np.int64)


def top_candidates(logits: Tensor, count: int, temperature: float) -> tuple[Ints, Floats]:
    """The most likely tokens (among equals, those with the lowest ids) and their log-probabilities at this temperature,
    renormalised to these tokens.

    Args:
        logits: [vocabulary].
        count: number of tokens.

    Returns:
        tokens and log-probabilities, descending [count].
    """
    _, tokens, _ = leading(logits.unsqueeze(0), count)
    # in float64, so that logits which differ keep their order
    scaled = logits[tokens].double().cpu().numpy() / temperature
    scaled -= scaled[0]
    return tokens.cpu().numpy(), scaled - np.log(np.exp(scaled).sum())


def score_gains(log_p: Floats, q: Floats | None, *, alpha: float, penalty: float, min_finite: int) -> Floats:
    """The gain in log-score of each draft for each candidate token.

        (1 - alpha) log p + alpha log q

    A token without n-gram support is excluded from a draft that has a supported token. A draft without any supported
    token gains (1 - alpha) log p - penalty for all candidates. So do excluded tokens where fewer than `min_finite`
    extensions are left.

    Args:
        log_p: log-probabilities under the model [tokens].
        q: interpolated n-gram weights [drafts, tokens]; None: no n-grams, the gain is log p.
        alpha: weight of the n-grams; 0: they have no effect.

    Returns:
        [drafts, tokens], or [1, tokens] without n-grams; -inf for excluded tokens.
    """
    if q is None or alpha == 0.0:
        return log_p[np.newaxis]
    alone = np.broadcast_to((1.0 - alpha) * log_p - penalty, q.shape)
    supported = q > 0.0
    with np.errstate(divide="ignore"):
        both = (1.0 - alpha) * log_p + alpha * np.log(q)
    out = supported.any(1, keepdims=True) & ~supported
    scores = np.where(supported, both, np.where(out, -np.inf, alone))
    return scores if np.isfinite(scores).sum() >= min_finite else np.where(out, alone, scores)


def extended(drafts: Drafts, tokens: Ints, added: Floats, end: Collection[int], k: int) -> Drafts:
    """Extends all drafts by a token. Of the k best extensions, those with an end token are finished; the k best other
    extensions stay unfinished.

    Args:
        tokens: candidates [n]. added: gain in log-score of each draft for each candidate, or one row for all drafts.
        end: tokens that end a text.
    """
    before = np.asarray([draft.score for draft in drafts.alive])
    scores = before[:, np.newaxis] + added
    alive: list[Draft] = []
    ended = list(drafts.ended)
    # equals stay in order: the better draft first, then the likelier token
    for place, at in enumerate(np.argsort(-scores, axis=None, kind="stable")):
        parent, column = divmod(int(at), len(tokens))
        score, token = float(scores[parent, column]), int(tokens[column])
        if len(alive) == k or score == -np.inf:
            break
        draft = Draft((*drafts.alive[parent].tokens, token), score, token in end)
        if not draft.ended:
            alive.append(draft)
        elif place < k:
            ended.append(draft)
    return Drafts(tuple(alive), tuple(sorted(ended, key=lambda draft: -draft.score)[:k]))


def mixture(drafts: Sequence[Draft]) -> Mix:
    """The drafts' last tokens, weighted by a softmax over the running log-scores; each token once."""
    best = max(draft.score for draft in drafts)
    weights = dict.fromkeys((draft.tokens[-1] for draft in drafts), 0.0)
    for draft in drafts:
        weights[draft.tokens[-1]] += exp(draft.score - best)
    total = sum(weights.values())
    return tuple((token, weight / total) for token, weight in weights.items())


def common_length(texts: Sequence[Sequence[int]]) -> int:
    """Length of the common beginning of all texts."""
    apart = (at for at, column in enumerate(zip(*texts, strict=False)) if len(set(column)) > 1)
    return next(apart, min(map(len, texts), default=0))
