"""Random numbers of numpy, as a function of a key."""

from __future__ import annotations

import numpy as np

from passel.core.key import Key

__all__ = ["generator"]


def generator(key: Key) -> np.random.Generator:
    """A generator whose whole stream is a function of the key (Philox, a counter-based generator).

    >>> bool(generator(Key(0) / "a").random() == generator(Key(0) / "a").random())
    True
    """
    return np.random.Generator(np.random.Philox(key=key.bits(128)))
