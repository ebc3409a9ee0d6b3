"""Classifier-free guidance: the prompt's influence on the text, made stronger."""

from __future__ import annotations

from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.decoding.parts.other_prompt import OtherPrompt, both_logits
from passel.decoding.parts.sampler import Sampler
from passel.engine.requests import Decoding, Forward, emit, open_branch

__all__ = ["cfg"]


def cfg(
    inputs: DecodingInput, *, key: Key, gamma: Annotated[float, Linear(0.0, 5.0)] = 1.5, negative: str = ""
) -> Decoding[tuple[Decoded, ...]]:
    """Draws from log-probabilities moved away from those without the prompt: log q + gamma (log p - log q).

    p is the distribution after the prompt, q that after an empty prompt or after a prompt for the opposite.

    Source: Sanchez, Fan, Spangher, Levi, Ammanamanchi and Biderman 2023, Stay on topic with classifier-free guidance,
    arXiv 2306.17806, equation 7.

    Symbols: gamma -> `gamma`.

    Args:
        inputs: the prompt, its limits and the sampling parameters.
        key: seeds the draws.
        gamma: strength; 1 is plain sampling. The paper has 1.5 for prompts and 1.25 for chains of thought.
        negative: the other prompt; empty: only the last token of the prompt, as in the paper.

    Cost: passes = 2 * tokens of the text, two at a time in one batch.

    Guarantees: exact: it samples from the stated distribution. At gamma = 1 it is plain sampling, at gamma = 0 it
    ignores the prompt.

    Deviations: none.
    """
    sampler = Sampler(inputs.sampling, key, inputs.prompt)
    other = OtherPrompt(inputs.encode(negative) if negative else inputs.prompt[-1:])
    branch = yield from open_branch()
    tokens: list[int] = []
    new = inputs.prompt
    while len(tokens) < inputs.max_tokens:
        logits, without = yield from both_logits(Forward(branch, new), other)
        with_prompt, without_prompt = logits.log_softmax(-1), without.log_softmax(-1)
        token = sampler.draw(without_prompt + gamma * (with_prompt - without_prompt))
        tokens.append(token)
        other.append(token)
        yield from emit([token])
        if token in inputs.end_tokens:
            return (Decoded(tuple(tokens), "end", spent=other.passes),)
        new = (token,)
    return (Decoded(tuple(tokens), "length", spent=other.passes),)
