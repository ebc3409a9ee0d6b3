"""Draws the tokens of a text: one seed for each text, one uniform number for each step."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.engine.sampling import Rows, sample, uniforms

__all__ = ["Sampler"]


class Sampler:
    """Draws the tokens of one text as the engine's own sampling does: the same seed gives the same tokens."""

    def __init__(self, sampling: Sampling, key: Key, prompt: tuple[int, ...]) -> None:
        self._rows = Rows.of([sampling], prompts=[prompt])
        self._seed = np.asarray([key.bits()], dtype=np.uint64)
        self._step = 0

    def draw(self, logits: Tensor) -> int:
        """Draws the next token from logits [vocabulary]."""
        u = uniforms(self._seed, np.asarray([self._step]))
        drawn = sample(logits.unsqueeze(0), self._rows, u)
        self._rows = self._rows.with_sampled(drawn.tokens)
        self._step += 1
        return int(drawn.tokens[0])
