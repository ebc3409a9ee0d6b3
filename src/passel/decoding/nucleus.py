"""Nucleus sampling: plain sampling, one token a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.decoding.parts.sampler import Sampler
from passel.engine.requests import Decoding, Forward, emit, forward, open_branch

__all__ = ["nucleus"]


def nucleus(
    inputs: DecodingInput,
    *,
    key: Key,
    top_p: Annotated[float, Linear(0.0, 1.0)] = 0.95,
    temperature: float | None = None,
) -> Decoding[tuple[Decoded, ...]]:
    """Draws each token from the smallest set of tokens with probability mass `top_p`.

    The engine samples like this by itself, faster. This is the same as a decoding method, as a reference for the
    others.

    Source: Holtzman, Buys, Du, Forbes and Choi 2019, The curious case of neural text degeneration, arXiv 1904.09751.

    Symbols: p -> `top_p`.

    Args:
        inputs: the prompt, its limits and the sampling parameters.
        key: seeds the draws.
        top_p: mass of the set; 0.95 in the paper. A top_p among the sampling parameters has precedence.
        temperature: divides the logits; default: that of the sampling parameters, else 1.

    Cost: passes = tokens of the text.

    Guarantees: exact: the text has the distribution of the engine's own sampling with these settings.

    Deviations: none.
    """
    sampling = inputs.sampling
    sampling = replace(sampling, top_p=top_p if sampling.top_p is None else sampling.top_p)
    sampler = Sampler(
        sampling if temperature is None else replace(sampling, temperature=temperature), key, inputs.prompt
    )
    branch = yield from open_branch()
    tokens: list[int] = []
    new = inputs.prompt
    while len(tokens) < inputs.max_tokens:
        output = yield from forward(Forward(branch, new))
        token = sampler.draw(output.logits[-1])
        tokens.append(token)
        yield from emit([token])
        if token in inputs.end_tokens:
            return (Decoded(tuple(tokens), "end"),)
        new = (token,)
    return (Decoded(tuple(tokens), "length"),)
