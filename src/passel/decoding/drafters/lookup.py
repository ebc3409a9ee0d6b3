"""Prompt look-up: what followed the same words before."""

from __future__ import annotations

from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.drafting import Drafter, Known, Proposal, merged
from passel.decoding.parts.matches import continuations
from passel.decoding.parts.opening import Opening
from passel.engine.requests import Decoding

__all__ = ["lookup"]


def lookup(
    opening: Opening,
    *,
    key: Key = Key(),
    max_ngram: Annotated[int, Log(1, 16)] = 8,
    min_ngram: Annotated[int, Log(1, 4)] = 1,
    length: Annotated[int, Log(1, 32)] = 10,
    width: Annotated[int, Log(1, 4)] = 1,
) -> Drafter:
    """Proposes what followed earlier places, in the prompt or in the answer, with the n-gram that the text ends with.

    No model is needed. It pays where an answer quotes its prompt or itself: summaries, edits, code. Nothing is proposed
    where no place matches.

    Source: Saxena 2023, Prompt lookup decoding, github.com/apoorvumang/prompt-lookup-decoding; the same idea in Yang et
    al. 2023, Inference with reference, arXiv 2304.04487.

    Symbols: max_ngram_size -> `max_ngram`; num_pred_tokens -> `length`.

    Args:
        opening, key: not read.
        max_ngram: tokens that are compared at most; 3 by Saxena.
        min_ngram: tokens that must be equal; 1 by Saxena.
        length: tokens proposed; 10 by Saxena.
        width: places whose continuations are proposed, as a tree; 1 by Saxena.

    Cost: none.

    Guarantees: exact within speculative decoding: nothing is drawn.

    Deviations: the longest match is looked for by comparing up to `max_ngram` tokens at all places, and of equals the
    latest is taken, not the first: longer n-grams find the place that is being quoted, and a text's end resembles what
    came just before it. Near the end a continuation repeats itself up to `length`.
    """

    def propose(known: Known) -> Decoding[Proposal]:
        yield from ()
        limits = {"max_ngram": max(max_ngram, min_ngram), "min_ngram": min_ngram, "width": width}
        return merged(continuations(known.tokens, length=known.length, **limits))

    return Drafter(propose, length)
