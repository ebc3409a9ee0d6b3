"""Selective contrastive decoding: where the model is unsure, what a worse prompt also says is taken away."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import torch
from torch import Tensor

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.beside import Beside
from passel.decoding.parts.chances import Sampler
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.requests import Decoding, Forward, emit, forward, forwards, open_branch

__all__ = ["contrasted", "contrastive", "spread", "without_examples"]


def contrastive(
    opening: Opening,
    *,
    key: Key,
    eta: Annotated[float, Linear(0.0, 2.0)] = 0.5,
    threshold: Annotated[float, Linear(0.0, 1.0)] = 0.7,
    beta: Annotated[float, Linear(0.0, 1.0)] = 0.1,
    lame: Literal["examples", "last", "prompt"] = "examples",
    lame_prompt: str = "",
) -> Decoding[tuple[Decoded, ...]]:
    """Where the model is unsure, takes away what a worse prompt says too: (1 + eta) logits - eta lame logits.

    Of the plausible tokens alone; where the distribution is not spread out, it stands as it is.

    Source: Wang, Ding, Shen, Luo, Du and Tao 2024, USCD: improving code generation of LLMs by uncertainty-aware
    selective contrastive decoding, arXiv 2409.05923. The plausible set: Li et al. 2022, arXiv 2210.15097.

    Symbols: eta -> `eta`, beta -> `beta`, the threshold of the standard deviation -> `threshold`.

    Args:
        opening: what to go on from.
        key: decides the draws.
        eta: strength of the contrast; 0 is plain sampling.
        threshold: a step is contrasted where the spread is below it; 0: none, 1: all but certain ones.
        beta: plausible tokens have at least this share of the best token's probability; 0.1 as usual.
        lame: the worse prompt: examples: without its worked examples (doctests, "Example" and "Input/Output" blocks);
            last: the prompt's last token; prompt: `lame_prompt`.
        lame_prompt: a prompt of one's own; a chat gets it as its only turn.

    Cost: passes <= 2 * tokens of the draft: the lame prompt's cache is filled where it is wanted, in blocks.

    Guarantees: exact for what it states: with eta = 0, with threshold = 0 or with a lame prompt that is the prompt
    itself, plain sampling.

    Deviations: the paper has no public code and its note could confirm neither threshold nor eta. The spread is the
    standard deviation of the probabilities over that of a certain choice, so that the threshold does not depend on
    the vocabulary's size; `eta` and `threshold` are ours.
    """
    sampler = Sampler(opening.sampling, key, opening.prompt)
    other = Beside(_lame(opening, lame, lame_prompt))
    branch = yield from open_branch()
    tokens: list[int] = []
    new = opening.prompt
    while len(tokens) < opening.max_tokens:
        output = yield from forward(Forward(branch, new))
        logits = output.logits[-1]
        if eta and spread(logits) < threshold:
            (late,) = yield from forwards([(yield from other.ask())])
            logits = contrasted(logits, late.logits[-1], eta, beta)
        token = sampler.draw(logits)
        tokens.append(token)
        other.append(token)
        yield from emit([token])
        if token in opening.end:
            return (Decoded(tuple(tokens), "end", spent=other.passes),)
        new = (token,)
    return (Decoded(tuple(tokens), "length", spent=other.passes),)


def spread(logits: Tensor) -> float:
    """Standard deviation of the probabilities, as a share of what it is where one token has all: from 0, for a uniform
    distribution, to 1. logits [vocabulary]."""
    chances = logits.softmax(-1)
    size = len(chances)
    return float(((chances.square().sum() - 1 / size) / (1 - 1 / size)).clamp(min=0).sqrt())


def contrasted(logits: Tensor, lame: Tensor, eta: float, beta: float) -> Tensor:
    """(1 + eta) logits - eta lame, of the tokens with at least a share `beta` of the best one's probability."""
    plausible = logits.log_softmax(-1)
    implausible = plausible < plausible.max() + torch.tensor(beta).log() if beta else torch.zeros_like(logits).bool()
    return ((1 + eta) * logits - eta * lame).masked_fill(implausible, float("-inf"))


def without_examples(text: str) -> str:
    """A prompt without its worked examples: doctests, and blocks that a line such as "Example:" or "Input:" begins."""
    text = re.sub(r"^[ \t]*>>> .*\n(?:(?![ \t]*(?:>>>|\"\"\"|'''|$)).*\n?)*", "", text, flags=re.MULTILINE)
    heading = r"^[ \t]*(?:for example|examples?|input|output)\b[^\n]*[:.]?[^\n]*\n?"
    return re.sub(heading, "", text, flags=re.MULTILINE | re.IGNORECASE)


def _lame(opening: Opening, lame: str, given: str) -> tuple[int, ...]:
    if lame == "last":
        return opening.prompt[-1:]
    if lame == "prompt":
        if not given:
            raise UsageError("lame=prompt needs lame_prompt, the worse prompt")
        return opening.chat((("user", given),)) if opening.chat and opening.turns else opening.encode(given)
    if opening.turns and opening.chat:
        turns = opening.turns
        return opening.chat([(role, without_examples(text) if role == "user" else text) for role, text in turns])
    return opening.encode(without_examples(opening.decode(opening.prompt))) or opening.prompt[-1:]
