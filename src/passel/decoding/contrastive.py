"""Selective contrastive decoding: where the model is unsure, the logits after a worse prompt are subtracted."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import torch
from torch import Tensor

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.decoding.parts.other_prompt import OtherPrompt
from passel.decoding.parts.sampler import Sampler
from passel.engine.requests import Decoding, Forward, emit, forward, forwards, open_branch

__all__ = ["concentration", "contrasted", "contrastive", "without_examples"]


def contrastive(
    inputs: DecodingInput,
    *,
    key: Key,
    eta: Annotated[float, Linear(0.0, 2.0)] = 0.5,
    threshold: Annotated[float, Linear(0.0, 1.0)] = 0.7,
    beta: Annotated[float, Linear(0.0, 1.0)] = 0.1,
    lame: Literal["examples", "last", "prompt"] = "examples",
    lame_prompt: str = "",
) -> Decoding[tuple[Decoded, ...]]:
    """Where the model is unsure, subtracts the logits after a worse prompt: (1 + eta) logits - eta lame logits.

    Only plausible tokens take part. Where the distribution is concentrated, it stays as it is.

    Source: Wang, Ding, Shen, Luo, Du and Tao 2024, USCD: improving code generation of LLMs by uncertainty-aware
    selective contrastive decoding, arXiv 2409.05923. The plausible set: Li et al. 2022, arXiv 2210.15097.

    Symbols: eta -> `eta`; beta -> `beta`; threshold of the standard deviation -> `threshold`.

    Args:
        inputs: the prompt, its limits and the sampling parameters.
        key: seeds the draws.
        eta: strength of the contrast; 0 is plain sampling.
        threshold: steps whose `concentration` is below it are contrasted; 0: no step, 1: all that are not certain.
        beta: plausible tokens have at least this share of the best token's probability; 0.1 as usual.
        lame: the worse prompt: examples: without its worked examples (doctests, "Example" and "Input/Output" blocks);
            last: the prompt's last token; prompt: `lame_prompt`.
        lame_prompt: the text for lame=prompt; in a chat it is the only turn.

    Cost: passes <= 2 * tokens of the text: the lame prompt's branch is computed in blocks, only where it is needed.

    Guarantees: exact: it samples from the stated distribution. With eta = 0, with threshold = 0 or with a lame prompt
    equal to the prompt it is plain sampling.

    Deviations: the paper has no public code, and the values of threshold and eta could not be confirmed. The standard
    deviation of the probabilities is divided by that of a certain choice, so that the threshold does not depend on the
    vocabulary's size; `eta` and `threshold` are ours.
    """
    sampler = Sampler(inputs.sampling, key, inputs.prompt)
    other = OtherPrompt(_lame(inputs, lame, lame_prompt))
    branch = yield from open_branch()
    tokens: list[int] = []
    new = inputs.prompt
    while len(tokens) < inputs.max_tokens:
        output = yield from forward(Forward(branch, new))
        logits = output.logits[-1]
        if eta and concentration(logits) < threshold:
            (late,) = yield from forwards([(yield from other.ask())])
            logits = contrasted(logits, late.logits[-1], eta, beta)
        token = sampler.draw(logits)
        tokens.append(token)
        other.append(token)
        yield from emit([token])
        if token in inputs.end_tokens:
            return (Decoded(tuple(tokens), "end", spent=other.passes),)
        new = (token,)
    return (Decoded(tuple(tokens), "length", spent=other.passes),)


def concentration(logits: Tensor) -> float:
    """Standard deviation of the probabilities, divided by its largest possible value: 0 for a uniform distribution, 1
    where one token has all the probability. logits [vocabulary]."""
    chances = logits.softmax(-1)
    size = len(chances)
    return float(((chances.square().sum() - 1 / size) / (1 - 1 / size)).clamp(min=0).sqrt())


def contrasted(logits: Tensor, lame: Tensor, eta: float, beta: float) -> Tensor:
    """(1 + eta) logits - eta lame; -inf for tokens with less than `beta` times the largest probability."""
    plausible = logits.log_softmax(-1)
    implausible = plausible < plausible.max() + torch.tensor(beta).log() if beta else torch.zeros_like(logits).bool()
    return ((1 + eta) * logits - eta * lame).masked_fill(implausible, float("-inf"))


def without_examples(text: str) -> str:
    """Removes worked examples from a prompt: doctests, and blocks under a line such as "Example:" or "Input:"."""
    text = re.sub(r"^[ \t]*>>> .*\n(?:(?![ \t]*(?:>>>|\"\"\"|'''|$)).*\n?)*", "", text, flags=re.MULTILINE)
    heading = r"^[ \t]*(?:for example|examples?|input|output)\b[^\n]*[:.]?[^\n]*\n?"
    return re.sub(heading, "", text, flags=re.MULTILINE | re.IGNORECASE)


def _lame(inputs: DecodingInput, lame: str, given: str) -> tuple[int, ...]:
    if lame == "last":
        return inputs.prompt[-1:]
    if lame == "prompt":
        if not given:
            raise UsageError("lame=prompt needs lame_prompt, the worse prompt")
        return inputs.chat((("user", given),)) if inputs.chat and inputs.turns else inputs.encode(given)
    if inputs.turns and inputs.chat:
        turns = inputs.turns
        return inputs.chat([(role, without_examples(text) if role == "user" else text) for role, text in turns])
    return inputs.encode(without_examples(inputs.decode(inputs.prompt))) or inputs.prompt[-1:]
