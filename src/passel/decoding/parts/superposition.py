"""Superposed drafts: one list of next tokens for all, what each makes of it, and the mix that stands for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from passel.engine.requests import Mix
from passel.engine.sampling.leading import leading

__all__ = ["Floats", "Ints", "Line", "Lines", "common", "grown", "listed", "mixed", "weighed"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """A draft. tokens: so far. score: running log-score. ended: whether an end token is its last."""

    tokens: tuple[int, ...] = ()
    score: float = 0.0
    ended: bool = False

    @property
    def mean(self) -> float:
        """Log-score a token, by which drafts of different lengths are compared."""
        return self.score / max(1, len(self.tokens))


@dataclass(frozen=True, slots=True)
class Lines:
    """All drafts, best first. alive: under way, of one length. ended: by an end token, the best k of them."""

    alive: tuple[Line, ...] = (Line(),)
    ended: tuple[Line, ...] = ()

    def ranked(self, k: int) -> tuple[Line, ...]:
        """The k best by log-score a token; of equals the ended ones first."""
        return tuple(sorted((*self.ended, *self.alive), key=lambda line: -line.mean)[:k])

    def contexts(self, prompt: Sequence[int], length: int) -> Ints:
        """The last tokens of each draft under way and the prompt before it, -1 before that [alive, length]."""
        short = (-1,) * length
        return np.asarray([(*short, *prompt[-length:], *line.tokens)[-length:] for line in self.alive], np.int64)


def listed(logits: Tensor, count: int, temperature: float) -> tuple[Ints, Floats]:
    """The most likely tokens, of equals those with the lowest ids, and their log-probabilities at this temperature,
    renormalised to them.

    Args:
        logits: [vocabulary].
        count: of tokens.

    Returns:
        tokens and log-probabilities, falling [count].
    """
    _, tokens, _ = leading(logits.unsqueeze(0), count)
    # in float64, so that logits which differ keep their order
    scaled = logits[tokens].double().cpu().numpy() / temperature
    scaled -= scaled[0]
    return tokens.cpu().numpy(), scaled - np.log(np.exp(scaled).sum())


def weighed(log_p: Floats, q: Floats | None, *, alpha: float, penalty: float, least: int) -> Floats:
    """What each draft adds to its log-score by each token of the list.

        (1 - alpha) log p + alpha log q

    A token without n-gram support is out for a draft that has one with support. A draft that has none takes
    (1 - alpha) log p - penalty for all of them. So do the tokens that are out where fewer than `least` are left.

    Args:
        log_p: log-probabilities under the model [tokens].
        q: interpolated n-gram weights [drafts, tokens]; None: there are no n-grams, and log p it is.
        alpha: share of the n-grams; 0: they do nothing.

    Returns:
        [drafts, tokens], or [1, tokens] without n-grams; -inf for what is out.
    """
    if q is None or alpha == 0.0:
        return log_p[np.newaxis]
    alone = np.broadcast_to((1.0 - alpha) * log_p - penalty, q.shape)
    supported = q > 0.0
    with np.errstate(divide="ignore"):
        both = (1.0 - alpha) * log_p + alpha * np.log(q)
    out = supported.any(1, keepdims=True) & ~supported
    scores = np.where(supported, both, np.where(out, -np.inf, alone))
    return scores if np.isfinite(scores).sum() >= least else np.where(out, alone, scores)


def grown(lines: Lines, tokens: Ints, added: Floats, end: Collection[int], k: int) -> Lines:
    """All drafts one token on: those of the k best extensions that end have ended, the k best others stay alive.

    Args:
        tokens: the list [n]. added: what each draft adds to its log-score by each, or one row for all.
        end: tokens that end a text.
    """
    before = np.asarray([line.score for line in lines.alive])
    scores = before[:, np.newaxis] + added
    alive: list[Line] = []
    ended = list(lines.ended)
    # equals stay in order, the better draft and the likelier token first
    for place, at in enumerate(np.argsort(-scores, axis=None, kind="stable")):
        draft, column = divmod(int(at), len(tokens))
        score, token = float(scores[draft, column]), int(tokens[column])
        if len(alive) == k or score == -np.inf:
            break
        line = Line((*lines.alive[draft].tokens, token), score, token in end)
        if not line.ended:
            alive.append(line)
        elif place < k:
            ended.append(line)
    return Lines(tuple(alive), tuple(sorted(ended, key=lambda line: -line.score)[:k]))


def mixed(lines: Sequence[Line]) -> Mix:
    """The drafts' last tokens, weighed by a softmax over their running log-scores; a token that several end in once."""
    best = max(line.score for line in lines)
    weights = dict.fromkeys((line.tokens[-1] for line in lines), 0.0)
    for line in lines:
        weights[line.tokens[-1]] += exp(line.score - best)
    total = sum(weights.values())
    return tuple((token, weight / total) for token, weight in weights.items())


def common(texts: Sequence[Sequence[int]]) -> int:
    """How many tokens all texts begin with alike."""
    apart = (at for at, column in enumerate(zip(*texts, strict=False)) if len(set(column)) > 1)
    return next(apart, min(map(len, texts), default=0))
