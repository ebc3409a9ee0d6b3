"""Torch's random numbers by address, for what draws from its global generator: initial weights, dropout."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch

from passel.core.key import Key

__all__ = ["seeded"]


@contextmanager
def seeded(key: Key) -> Generator[None]:
    """Within it, torch's global generators begin at the key; after it they are what they were."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(key.bits(56))
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(key.bits(56))
        yield
