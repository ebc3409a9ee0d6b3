"""Superposed decoding: k drafts from one pass a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.ngrams import Tables, open_tables, vocabulary_of
from passel.decoding.parts.opening import Decoded, Opening
from passel.decoding.parts.superposition import Floats, Ints, Line, Lines, common, grown, listed, mixed, weighed
from passel.engine.requests import Decoding, Emit, Forward, Output, Request, Show, open_branch

__all__ = ["superposed"]


def superposed(
    opening: Opening,
    *,
    key: Key = Key(),
    k: Annotated[int, Log(1, 16)] = 3,
    ngrams: str = "",
    alpha: Annotated[float | None, Linear(0.0, 1.0)] = None,
    temperature: Annotated[float | None, Log(0.001, 2.0)] = None,
    candidates: Annotated[int | None, Log(1, 64)] = None,
    penalty: Annotated[float, Linear(0.0, 1000.0)] = 200.0,
) -> Decoding[tuple[Decoded, ...]]:
    """Writes k drafts at once, from one pass a token.

    The input of each pass is the weighted sum of their last tokens' embeddings, and the one distribution that comes of
    it is each draft's, weighed by what the n-grams of a text say follows that draft.

    Source: Shen, Fan, Pratt, Park, Wallingford, Kakade, Holtzman, Krishna, Farhadi and Kusupati 2024, Superposed
    Decoding, arXiv 2405.18400; `superpose.py` of its public code, and its settings.

    Symbols: k -> `k`; alpha -> `alpha`; T -> `temperature`; n -> `candidates`; p(v) -> `log_p`, of the listed tokens;
    q(v) -> the interpolated weights of `Tables` [drafts, n].

    Args:
        opening: what to go on from; its sampling is not read.
        key: not read: nothing is random.
        k: drafts; 3 in the paper.
        ngrams: file of tables that `passel ngrams` made; without one alpha and penalty do nothing.
        alpha: weight of the n-grams in the geometric mean with the model. temperature: divides the logits. candidates:
            tokens of the list, at least k. Where they are not given, the public settings for three drafts of 5, 10, 15
            or 20 tokens, whichever is nearest to `max_tokens`: alpha 0.52, 0.54, 0.48, 0.50; temperature 0.06, 0.06,
            0.06, 0.04; candidates 5k, 3k, 5k, 5k.
        penalty: taken from the log-score of a draft of which no listed token follows by the tables; 200 in the code.

    Cost: passes = tokens of the longest draft, whatever k is: at most max_tokens.

    Guarantees: heuristic. With k=1 and without n-grams the draft is the greedy one, token for token.

    Deviations: an end token ends a draft only where it is among the k best extensions (2k in the code): so with k=1
    only where it is the likeliest. Decoding ends when the k best drafts have all ended (in the code it goes on to the
    last token). Where fewer than k extensions have support, the others fill up, at the penalty (in the code drafts
    with score -inf do). The abstract speaks of k^2 extensions, the code and we of k n. As in the code, p is cut to the
    list and renormalised, and drafts are ranked by log-score a token.
    """
    settings = _settings(opening.max_tokens, k, alpha, temperature, candidates)
    tables = open_tables(ngrams, vocabulary=vocabulary_of(opening.tokenizer)) if ngrams else None
    branch = yield from open_branch()
    lines, best, told, certain = Lines(), (Line(),), 0, 0
    asks: tuple[Request, ...] = (Forward(branch, opening.prompt),)
    for length in range(1, opening.max_tokens + 1):
        output = (yield asks)[-1]
        assert isinstance(output, Output)
        logits = output.logits[-1]
        tokens, log_p = listed(logits, settings.candidates, settings.temperature)
        q = None if tables is None else _support(tables, lines, opening.prompt, tokens, len(logits))
        added = weighed(log_p, q, alpha=settings.alpha, penalty=penalty, least=k)
        lines = grown(lines, tokens, added, opening.end, k)
        best, told = lines.ranked(k), certain
        if length == opening.max_tokens or all(line.ended for line in best):
            break
        # what will be goes on from a draft alive or has ended: what they all begin with is certain, whatever the rank
        certain = common([line.tokens for line in (*lines.alive, *lines.ended)])
        asks = (_show(best), *_emits(best, told, certain), Forward(branch, (0,), mix=(mixed(lines.alive),)))
    yield (_show(best), *_emits(best, told, None))
    return tuple(Decoded(line.tokens, "end" if line.ended else "length", line.mean) for line in best)


@dataclass(frozen=True, slots=True)
class _Settings:
    alpha: float
    temperature: float
    candidates: int


_TUNED = {5: (0.52, 0.06, 5), 10: (0.54, 0.06, 3), 15: (0.48, 0.06, 5), 20: (0.50, 0.04, 5)}
"""By tokens of a draft: alpha, T, and n / k; the public code's settings for three drafts after 15 tokens."""


def _settings(
    max_tokens: int, k: int, alpha: float | None, temperature: float | None, candidates: int | None
) -> _Settings:
    """What is given, and for the rest what was tuned for drafts of nearly this length."""
    tuned = _TUNED[min(_TUNED, key=lambda length: abs(length - max_tokens))]
    found = _Settings(
        tuned[0] if alpha is None else alpha,
        tuned[1] if temperature is None else temperature,
        tuned[2] * k if candidates is None else candidates,
    )
    if k < 1:
        raise UsageError(f"k must be at least 1, got {k}")
    if found.candidates < k:
        raise UsageError(f"candidates must be at least k={k}, got {found.candidates}")
    if not 0.0 <= found.alpha <= 1.0:
        raise UsageError(f"alpha must be between 0 and 1, got {found.alpha}")
    if not found.temperature > 0.0:
        raise UsageError(f"temperature must be above 0, got {found.temperature}")
    return found


def _support(tables: Tables, lines: Lines, prompt: tuple[int, ...], tokens: Ints, vocabulary: int) -> Floats:
    """The n-grams' weights [drafts, tokens]. Raises UsageError where the tables cannot be of this model."""
    size = tables.about.vocabulary.size
    if size > vocabulary:
        raise UsageError(f"{tables.path} is of a tokenizer of {size} tokens, the model has {vocabulary}")
    return tables.interpolated(lines.contexts(prompt, tables.orders[-1] - 1), tokens)


def _show(best: tuple[Line, ...]) -> Show:
    return Show(tuple(line.tokens for line in best))


def _emits(best: tuple[Line, ...], start: int, stop: int | None) -> list[Emit]:
    """Tokens from `start` on, of each rank."""
    parts = [(rank, line.tokens[start:stop]) for rank, line in enumerate(best)]
    return [Emit(tokens, rank) for rank, tokens in parts if tokens]
