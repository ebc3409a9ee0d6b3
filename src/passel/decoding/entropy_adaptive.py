"""Entropy-adaptive temperature: cold where the model is sure, warm where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from torch import Tensor

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.chances import Sampler
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.requests import Decoding, Forward, emit, forward, open_branch

__all__ = ["dynamic_temperature", "entropy_adaptive"]

_LEAST = 1e-4


def entropy_adaptive(
    opening: Opening,
    *,
    key: Key,
    theta: Annotated[float, Linear(0.01, 4.0)] = 0.1,
    base: Annotated[float, Linear(0.01, 1.0)] = 0.8,
    temperature: float | None = None,
) -> Decoding[tuple[Decoded, ...]]:
    """Draws each token at the temperature T0 N^(theta / entropy) of its own distribution.

    Source: Zhang, Bao and Huang 2024, EDT: improving large language models' generation by entropy-based dynamic
    temperature sampling, arXiv 2403.14541, equation 3.

    Symbols: T0 -> `temperature`, N -> `base`, theta -> `theta`.

    Args:
        opening: what to go on from; its truncations and penalties hold too.
        key: decides the draws.
        theta: the larger, the colder at low entropy; the paper searches 0.1 to 4.
        base: N; 0.8 in the paper.
        temperature: T0, reached as the entropy grows; default: the opening's, else 1.

    Cost: passes = tokens of the draft.

    Guarantees: exact for what it states; temperatures below 1e-4 are greedy.

    Deviations: none.
    """
    most = temperature if temperature is not None else opening.sampling.temperature
    # the draw itself is at temperature 1, of logits that are divided already
    sampler = Sampler(replace(opening.sampling, temperature=1.0), key, opening.prompt)
    branch = yield from open_branch()
    tokens: list[int] = []
    new = opening.prompt
    while len(tokens) < opening.max_tokens:
        output = yield from forward(Forward(branch, new))
        logits = output.logits[-1]
        token = sampler.draw(logits / dynamic_temperature(logits, 1.0 if most is None else most, theta, base))
        tokens.append(token)
        yield from emit([token])
        if token in opening.end:
            return (Decoded(tuple(tokens), "end"),)
        new = (token,)
    return (Decoded(tuple(tokens), "length"),)


def dynamic_temperature(logits: Tensor, most: float, theta: float, base: float) -> float:
    """most * base^(theta / entropy in nats) of a distribution [vocabulary], at least 1e-4."""
    logs = logits.log_softmax(-1)
    entropy = float(-(logs.exp() * logs.masked_fill(logs.isinf(), 0.0)).sum())
    return max(_LEAST, most * base ** (theta / max(entropy, 1e-9)))
