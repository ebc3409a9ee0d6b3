"""Greedy decoding: the most likely token, one a pass."""

from __future__ import annotations

from passel.core.key import Key
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.requests import Decoding, Forward, emit, forward, open_branch

__all__ = ["greedy"]


def greedy(opening: Opening, *, key: Key = Key()) -> Decoding[tuple[Decoded, ...]]:
    """Takes the most likely token at every step, of equals the one with the lowest id.

    Source: the usual baseline; no paper of its own.

    Symbols: none.

    Args:
        opening: what to go on from; its sampling is not read.
        key: not read: nothing is random.

    Cost: passes = tokens of the draft.

    Guarantees: exact.

    Deviations: none.
    """
    branch = yield from open_branch()
    tokens: list[int] = []
    new = opening.prompt
    score = 0.0
    while len(tokens) < opening.max_tokens:
        output = yield from forward(Forward(branch, new))
        logits = output.logits[-1]
        token = int(logits.argmax())
        score += float(logits[token] - logits.logsumexp(-1))
        tokens.append(token)
        yield from emit([token])
        if token in opening.end:
            return (Decoded(tuple(tokens), "end", score),)
        new = (token,)
    return (Decoded(tuple(tokens), "length", score),)
