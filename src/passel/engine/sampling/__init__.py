"""Samplers: pure functions over rows of logits, joined by chaining. `sample` joins those that a batch asks for."""

from __future__ import annotations

from passel.engine.sampling.argmax import argmax
from passel.engine.sampling.chain import Transform, chain, on
from passel.engine.sampling.draw import draw
from passel.engine.sampling.entries import Entries
from passel.engine.sampling.logprobs import Logprobs, logprobs
from passel.engine.sampling.rows import Rows
from passel.engine.sampling.sample import SampledTokens, sample, shaped
from passel.engine.sampling.transforms.logit_bias import logit_bias
from passel.engine.sampling.transforms.mask import mask
from passel.engine.sampling.transforms.penalties import frequency_penalty, presence_penalty, repetition_penalty
from passel.engine.sampling.transforms.temperature import temperature
from passel.engine.sampling.transforms.truncation import min_p, top_k, top_p, typical
from passel.engine.sampling.uniforms import uniforms

__all__ = ["Entries", "Logprobs", "Rows", "SampledTokens", "Transform", "argmax", "chain", "draw", "frequency_penalty"]
__all__ += ["logit_bias", "logprobs", "mask", "min_p", "on", "presence_penalty", "repetition_penalty", "sample"]
__all__ += ["shaped", "temperature", "top_k", "top_p", "typical", "uniforms"]
