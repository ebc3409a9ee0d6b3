"""Classifier-free guidance: the prompt's pull on the text, made stronger."""

from __future__ import annotations

from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.beside import Beside, both
from passel.decoding.parts.chances import Sampler
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.requests import Decoding, Forward, emit, open_branch

__all__ = ["cfg"]


def cfg(
    opening: Opening, *, key: Key, gamma: Annotated[float, Linear(0.0, 5.0)] = 1.5, negative: str = ""
) -> Decoding[tuple[Decoded, ...]]:
    """Draws from log-probabilities moved away from those without the prompt: log q + gamma (log p - log q).

    p is the distribution after the prompt, q the one after a prompt that says nothing, or says what is not wanted.

    Source: Sanchez, Fan, Spangher, Levi, Ammanamanchi and Biderman 2023, Stay on topic with classifier-free guidance,
    arXiv 2306.17806, equation 7.

    Symbols: gamma -> `gamma`.

    Args:
        opening: what to go on from.
        key: decides the draws.
        gamma: strength; 1 is plain sampling, the paper's is 1.5 for prompts and 1.25 for chains of thought.
        negative: the other prompt; empty: the prompt's last token alone, as in the paper.

    Cost: passes = 2 * tokens of the draft, two at a time in one batch.

    Guarantees: exact for what it states: at gamma = 1 it is plain sampling, at gamma = 0 it is blind to the prompt.

    Deviations: none.
    """
    sampler = Sampler(opening.sampling, key, opening.prompt)
    other = Beside(opening.encode(negative) if negative else opening.prompt[-1:])
    branch = yield from open_branch()
    tokens: list[int] = []
    new = opening.prompt
    while len(tokens) < opening.max_tokens:
        logits, without = yield from both(Forward(branch, new), other)
        with_prompt, without_prompt = logits.log_softmax(-1), without.log_softmax(-1)
        token = sampler.draw(without_prompt + gamma * (with_prompt - without_prompt))
        tokens.append(token)
        other.append(token)
        yield from emit([token])
        if token in opening.end:
            return (Decoded(tuple(tokens), "end", spent=other.passes),)
        new = (token,)
    return (Decoded(tuple(tokens), "length", spent=other.passes),)
