"""Entropy-adaptive temperature: low where the model is sure, high where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from torch import Tensor

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.decoding.parts.sampler import Sampler
from passel.engine.requests import Decoding, Forward, emit, forward, open_branch

__all__ = ["dynamic_temperature", "entropy_adaptive"]

_MIN_TEMPERATURE = 1e-4


def entropy_adaptive(
    inputs: DecodingInput,
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
        inputs: the prompt and its limits; truncations and penalties of the sampling parameters apply too.
        key: seeds the draws.
        theta: the larger, the lower the temperature at low entropy; the paper searches 0.1 to 4.
        base: N; 0.8 in the paper.
        temperature: T0, reached as the entropy grows; default: that of the sampling parameters, else 1.

    Cost: passes = tokens of the text.

    Guarantees: exact: it samples from the stated distribution; temperatures below 1e-4 are greedy.

    Deviations: none.
    """
    highest = temperature if temperature is not None else inputs.sampling.temperature
    # the logits are divided already, so tokens are drawn at temperature 1
    sampler = Sampler(replace(inputs.sampling, temperature=1.0), key, inputs.prompt)
    branch = yield from open_branch()
    tokens: list[int] = []
    new = inputs.prompt
    while len(tokens) < inputs.max_tokens:
        output = yield from forward(Forward(branch, new))
        logits = output.logits[-1]
        token = sampler.draw(logits / dynamic_temperature(logits, 1.0 if highest is None else highest, theta, base))
        tokens.append(token)
        yield from emit([token])
        if token in inputs.end_tokens:
            return (Decoded(tuple(tokens), "end"),)
        new = (token,)
    return (Decoded(tuple(tokens), "length"),)


def dynamic_temperature(logits: Tensor, highest: float, theta: float, base: float) -> float:
    """highest * base^(theta / entropy in nats) of a distribution [vocabulary], at least 1e-4."""
    logs = logits.log_softmax(-1)
    entropy = float(-(logs.exp() * logs.masked_fill(logs.isinf(), 0.0)).sum())
    return max(_MIN_TEMPERATURE, highest * base ** (theta / max(entropy, 1e-9)))
