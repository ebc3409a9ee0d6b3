"""From logits to tokens: runs the transforms that a batch of rows needs, and no other pass over the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64
from torch import Tensor

from passel.engine.kernels.native import draw as fused
from passel.engine.sampling.argmax import argmax
from passel.engine.sampling.chain import Transform, chain
from passel.engine.sampling.draw import draw
from passel.engine.sampling.logprobs import Logprobs, logprobs
from passel.engine.sampling.rows import Rows
from passel.engine.sampling.transforms.logit_bias import logit_bias
from passel.engine.sampling.transforms.penalties import frequency_penalty, presence_penalty, repetition_penalty
from passel.engine.sampling.transforms.temperature import GREEDY, temperature
from passel.engine.sampling.transforms.truncation import min_p, top_k, top_p, typical

__all__ = ["SampledTokens", "sample", "shaped"]

_PENALTIES = {
    "repetition_penalty": repetition_penalty,
    "presence_penalty": presence_penalty,
    "frequency_penalty": frequency_penalty,
}


@dataclass(frozen=True, slots=True, eq=False)
class SampledTokens:
    """A token of each row, and log-probabilities of the rows that request them."""

    tokens: Int64[Tensor, " rows"]
    logprobs: Logprobs | None


def sample(
    logits: Float[Tensor, "rows vocab"],
    rows: Rows,
    u: Float64[np.ndarray, " rows"],
    *,
    constraint: Transform | None = None,
) -> SampledTokens:
    """Samples a token for each row from its `shaped` logits.

    Args:
        logits: of any float type and device, as the model gave them; they are not changed.
        u: a number in [0, 1) for each row, such as `uniforms` gives; greedy rows do not read it.
        constraint: which tokens are allowed, such as `mask`; see `shaped`.

    Raises ValueError, which names the rows, where no token is left or a logit is NaN.
    """
    if constraint is None and rows.active <= {"temperature"} and not len(rows.bias):
        tokens = fused(logits.contiguous(), _cut(rows.column("temperature")), torch.from_numpy(u))
        if tokens is not None and bool((tokens >= 0).all()):
            return SampledTokens(tokens, None)
    raw = logits.float()
    if rows.greedy:
        tokens = argmax(_penalised(rows, raw.device, constraint)(raw))
    else:
        tokens = draw(shaped(raw, rows, constraint=constraint), torch.from_numpy(u).to(raw.device))
    if "logprobs" not in rows.active:
        return SampledTokens(tokens, None)
    alternatives = rows.column("logprobs", raw.device).long()
    return SampledTokens(tokens, logprobs(raw, tokens, alternatives))


def shaped(
    logits: Float[Tensor, "rows vocab"], rows: Rows, *, constraint: Transform | None = None
) -> Float32[Tensor, "rows vocab"]:
    """Returns the logits whose softmax is the distribution that tokens are sampled from. Transforms that change no row
    are left out.

    Their order: bias, penalties (repetition, presence, frequency), constraint, temperature, min-p, top-k, top-p,
    typical. It is the order of vLLM and of Hugging Face transformers, with two differences: vLLM applies the constraint
    first, which is the same since no bias or penalty brings back a token, and transformers applies min-p after top-p.
    The reasons:

    - Bias and penalties are in units of the model's own logits, whatever the temperature. The repetition penalty looks
      at the sign of a logit: that of the model and the bias, before other penalties.
    - The constraint comes before all that looks at probabilities, which are then those of the allowed tokens.
    - Truncations look at the distribution at its temperature. min-p and top-k do not depend on how probabilities are
      normalised; top-p and typical do, so they come last and see the tokens that the others left.
    """
    raw = logits.float()
    active = rows.active
    steps = [_penalised(rows, raw.device, constraint)]
    if "temperature" in active:
        steps.append(partial(temperature, temperature=rows.column("temperature", raw.device)))
    if "min_p" in active:
        steps.append(partial(min_p, share=rows.column("min_p", raw.device)))
    if "top_k" in active:
        steps.append(partial(top_k, k=rows.column("top_k", raw.device).long()))
    if "top_p" in active:
        steps.append(partial(top_p, mass=rows.column("top_p", raw.device)))
    if "typical_p" in active:
        steps.append(partial(typical, mass=rows.column("typical_p", raw.device)))
    return chain(*steps)(raw)


def _cut(temperature: Float64[Tensor, " rows"]) -> Float64[Tensor, " rows"]:
    return temperature.where(temperature >= GREEDY, 0.0)


def _penalised(rows: Rows, device: torch.device, constraint: Transform | None) -> Transform:
    """Returns the transforms before temperature, which are all that a greedy choice needs."""
    steps: list[Transform] = []
    if len(rows.bias):
        steps.append(partial(logit_bias, bias=rows.bias))
    if len(rows.seen):
        for name, penalise in _PENALTIES.items():
            if name in rows.active:
                steps.append(partial(penalise, penalty=rows.column(name, device), seen=rows.seen))
    if constraint is not None:
        steps.append(constraint)
    return chain(*steps)
