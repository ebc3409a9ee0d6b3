"""Seeds torch's global random numbers from a key, for initial weights, dropout and the like."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch

from passel.core.key import Key

__all__ = ["seeded"]


@contextmanager
def seeded(key: Key) -> Generator[None]:
    """Inside, torch's global generators are seeded by the key; afterwards they are restored."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(key.bits(56))
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(key.bits(56))
        yield
