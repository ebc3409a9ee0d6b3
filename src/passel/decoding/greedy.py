"""Greedy decoding: the most likely token at every step, one token a pass."""

from __future__ import annotations

from passel.core.key import Key
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.requests import Decoding, Forward, emit, forward, open_branch

__all__ = ["greedy"]


def greedy(inputs: DecodingInput, *, key: Key = Key()) -> Decoding[tuple[Decoded, ...]]:
    """Takes the most likely token at every step; among equals, the token with the lowest id.

    Source: the usual baseline; no paper of its own.

    Symbols: none.

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used.
        key: not used: nothing is random.

    Cost: passes = tokens of the text.

    Guarantees: exact.

    Deviations: none.
    """
    branch = yield from open_branch()
    tokens: list[int] = []
    new = inputs.prompt
    score = 0.0
    while len(tokens) < inputs.max_tokens:
        output = yield from forward(Forward(branch, new))
        logits = output.logits[-1]
        token = int(logits.argmax())
        score += float(logits[token] - logits.logsumexp(-1))
        tokens.append(token)
        yield from emit([token])
        if token in inputs.end_tokens:
            return (Decoded(tuple(tokens), "end", score),)
        new = (token,)
    return (Decoded(tuple(tokens), "length", score),)
