"""Prompt look-up: guesses what followed the same tokens earlier in the text."""

from __future__ import annotations

from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.drafting import DraftContext, Drafter, Proposal, merged
from passel.decoding.parts.inputs import DecodingInput
from passel.decoding.parts.matches import continuations
from passel.engine.requests import Decoding

__all__ = ["lookup"]


def lookup(
    inputs: DecodingInput,
    *,
    key: Key = Key(),
    max_ngram: Annotated[int, Log(1, 16)] = 8,
    min_ngram: Annotated[int, Log(1, 4)] = 1,
    length: Annotated[int, Log(1, 32)] = 10,
    width: Annotated[int, Log(1, 4)] = 1,
) -> Drafter:
    """Proposes the tokens that followed earlier occurrences of the n-gram at the text's end, in prompt or answer.

    It needs no model. It pays where an answer quotes its prompt or itself: summaries, edits, code. Where no place
    matches it proposes nothing.

    Source: Saxena 2023, Prompt lookup decoding, github.com/apoorvumang/prompt-lookup-decoding; the same idea in Yang et
    al. 2023, Inference with reference, arXiv 2304.04487.

    Symbols: max_ngram_size -> `max_ngram`; num_pred_tokens -> `length`.

    Args:
        inputs, key: not used.
        max_ngram: largest number of tokens that are compared; 3 in the source.
        min_ngram: number of tokens that must be equal; 1 in the source.
        length: number of proposed tokens; 10 in the source.
        width: number of places whose continuations are proposed, as a tree; 1 in the source.

    Cost: none.

    Guarantees: exact within speculative decoding: nothing is drawn.

    Deviations: up to `max_ngram` tokens are compared at all places to find the longest match, and among equals the
    latest place is taken, not the first: longer n-grams find the place that is being quoted, and a text's end resembles
    what came just before it. Near the end a continuation repeats itself up to `length`.
    """

    def propose(context: DraftContext) -> Decoding[Proposal]:
        yield from ()
        limits = {"max_ngram": max(max_ngram, min_ngram), "min_ngram": min_ngram, "width": width}
        return merged(continuations(context.tokens, length=context.length, **limits))

    return Drafter(propose, length)
