"""Superposed decoding: k drafts from one pass a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.ngrams import Tables, open_tables, vocabulary_of
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.decoding.parts.superposition import (
    Draft,
    Drafts,
    Floats,
    Ints,
    common_length,
    extended,
    mixture,
    score_gains,
    top_candidates,
)
from passel.engine.requests import Decoding, Emit, Forward, Output, Request, Show, open_branch

__all__ = ["superposed"]


def superposed(
    inputs: DecodingInput,
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

    The input of each pass is the weighted sum of the embeddings of the drafts' last tokens. The resulting distribution
    serves all drafts; for each draft it is weighted by what follows this draft in the n-gram counts of a text.

    Source: Shen, Fan, Pratt, Park, Wallingford, Kakade, Holtzman, Krishna, Farhadi and Kusupati 2024, Superposed
    Decoding, arXiv 2405.18400; `superpose.py` of its public code, and its settings.

    Symbols: k -> `k`; alpha -> `alpha`; T -> `temperature`; n -> `candidates`; p(v) -> `log_p`, of the candidates;
    q(v) -> the interpolated weights of `Tables` [drafts, n].

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used.
        key: not used: nothing is random.
        k: number of drafts; 3 in the paper.
        ngrams: file of n-gram tables made by `passel ngrams`; without it alpha and penalty have no effect.
        alpha: weight of the n-grams in the geometric mean with the model. temperature: divides the logits. candidates:
            number of candidate tokens, at least k. Defaults: the public settings for three drafts of 5, 10, 15 or 20
            tokens, whichever is nearest to `max_tokens`: alpha 0.52, 0.54, 0.48, 0.50; temperature 0.06, 0.06,
            0.06, 0.04; candidates 5k, 3k, 5k, 5k.
        penalty: subtracted from the log-score of a draft that no candidate follows in the tables; 200 in the code.

    Cost: passes = tokens of the longest draft, whatever k is: at most max_tokens.

    Guarantees: heuristic. With k=1 and without n-grams the draft is that of greedy decoding, token for token.

    Deviations: an end token ends a draft only where it is among the k best extensions (2k in the code): so with k=1
    only where it is the likeliest. Decoding ends when the k best drafts have all ended (in the code it goes on to the
    last token). Where fewer than k extensions have support, others are added at the penalty (in the code, drafts with
    score -inf). The abstract speaks of k^2 extensions, the code and we of k n. As in the code, p is cut to the
    candidates and renormalised, and drafts are ranked by log-score per token.
    """
    settings = _settings(inputs.max_tokens, k, alpha, temperature, candidates)
    tables = open_tables(ngrams, vocabulary=vocabulary_of(inputs.tokenizer)) if ngrams else None
    branch = yield from open_branch()
    drafts, best, emitted, certain = Drafts(), (Draft(),), 0, 0
    asks: tuple[Request, ...] = (Forward(branch, inputs.prompt),)
    for length in range(1, inputs.max_tokens + 1):
        output = (yield asks)[-1]
        assert isinstance(output, Output)
        logits = output.logits[-1]
        tokens, log_p = top_candidates(logits, settings.candidates, settings.temperature)
        q = None if tables is None else _support(tables, drafts, inputs.prompt, tokens, len(logits))
        added = score_gains(log_p, q, alpha=settings.alpha, penalty=penalty, min_finite=k)
        drafts = extended(drafts, tokens, added, inputs.end_tokens, k)
        best, emitted = drafts.ranked(k), certain
        if length == inputs.max_tokens or all(draft.ended for draft in best):
            break
        # every final draft has ended already or extends an unfinished one: their common beginning is certain
        certain = common_length([draft.tokens for draft in (*drafts.alive, *drafts.ended)])
        asks = (_show(best), *_emits(best, emitted, certain), Forward(branch, (0,), mix=(mixture(drafts.alive),)))
    yield (_show(best), *_emits(best, emitted, None))
    return tuple(Decoded(draft.tokens, "end" if draft.ended else "length", draft.mean) for draft in best)


@dataclass(frozen=True, slots=True)
class _Settings:
    alpha: float
    temperature: float
    candidates: int


_TUNED = {5: (0.52, 0.06, 5), 10: (0.54, 0.06, 3), 15: (0.48, 0.06, 5), 20: (0.50, 0.04, 5)}
"""By the length of a draft: alpha, T, and n / k; the public code's settings for three drafts after 15 tokens."""


def _settings(
    max_tokens: int, k: int, alpha: float | None, temperature: float | None, candidates: int | None
) -> _Settings:
    """The given settings; for the others, those tuned for drafts of nearly this length."""
    tuned = _TUNED[min(_TUNED, key=lambda length: abs(length - max_tokens))]
    settings = _Settings(
        tuned[0] if alpha is None else alpha,
        tuned[1] if temperature is None else temperature,
        tuned[2] * k if candidates is None else candidates,
    )
    if k < 1:
        raise UsageError(f"k must be at least 1, got {k}")
    if settings.candidates < k:
        raise UsageError(f"candidates must be at least k={k}, got {settings.candidates}")
    if not 0.0 <= settings.alpha <= 1.0:
        raise UsageError(f"alpha must be between 0 and 1, got {settings.alpha}")
    if not settings.temperature > 0.0:
        raise UsageError(f"temperature must be above 0, got {settings.temperature}")
    return settings


def _support(tables: Tables, drafts: Drafts, prompt: tuple[int, ...], tokens: Ints, vocabulary: int) -> Floats:
    """The n-gram weights [drafts, tokens]. Raises UsageError where the tables belong to another model."""
    size = tables.info.vocabulary.size
    if size > vocabulary:
        raise UsageError(f"{tables.path} is of a tokenizer of {size} tokens, the model has {vocabulary}")
    return tables.interpolated(drafts.contexts(prompt, tables.orders[-1] - 1), tokens)


def _show(best: tuple[Draft, ...]) -> Show:
    return Show(tuple(draft.tokens for draft in best))


def _emits(best: tuple[Draft, ...], start: int, stop: int | None) -> list[Emit]:
    """Emits the tokens from `start` to `stop` of each draft."""
    parts = [(rank, draft.tokens[start:stop]) for rank, draft in enumerate(best)]
    return [Emit(tokens, rank) for rank, tokens in parts if tokens]
