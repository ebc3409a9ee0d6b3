"""Nucleus sampling: plain sampling, one token a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.chances import Sampler
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.requests import Decoding, Forward, emit, forward, open_branch

__all__ = ["nucleus"]


def nucleus(
    opening: Opening, *, key: Key, top_p: Annotated[float, Linear(0.0, 1.0)] = 0.95, temperature: float | None = None
) -> Decoding[tuple[Decoded, ...]]:
    """Draws each token from the smallest set of tokens with probability mass `top_p`.

    The engine samples so by itself, in arrays and not in generators. This is the same as a decoding method, against
    which others are read and tested.

    Source: Holtzman, Buys, Du, Forbes and Choi 2019, The curious case of neural text degeneration, arXiv 1904.09751.

    Symbols: p -> `top_p`.

    Args:
        opening: what to go on from.
        key: decides the draws.
        top_p: mass of the set; 0.95 in the paper. A top_p in the opening's sampling goes before it.
        temperature: divides the logits; default: the opening's, else 1.

    Cost: passes = tokens of the draft.

    Guarantees: exact: the draft is distributed as the engine's own sampling with these settings.

    Deviations: none.
    """
    given = opening.sampling
    sampling = replace(given, top_p=top_p if given.top_p is None else given.top_p)
    sampler = Sampler(
        sampling if temperature is None else replace(sampling, temperature=temperature), key, opening.prompt
    )
    branch = yield from open_branch()
    tokens: list[int] = []
    new = opening.prompt
    while len(tokens) < opening.max_tokens:
        output = yield from forward(Forward(branch, new))
        token = sampler.draw(output.logits[-1])
        tokens.append(token)
        yield from emit([token])
        if token in opening.end:
            return (Decoded(tuple(tokens), "end"),)
        new = (token,)
    return (Decoded(tuple(tokens), "length"),)
