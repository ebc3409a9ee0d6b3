"""Coverage: how often at least one of k samples is right, from n >= k samples a problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pass_at_k"]

Array = NDArray[np.float64]


def pass_at_k(right: NDArray[np.int64], samples: NDArray[np.int64], most: int | None = None) -> Array:
    """The unbiased estimate of pass@k for every k at once: 1 - C(n-c, k) / C(n, k).

    Source: Chen et al. 2021 (2107.03374), equation 1; coverage in Brown et al. 2024 (2407.21787).

    Symbols: c -> right; n -> samples.

    Args:
        right, samples: integers, [problems]; problems may have different numbers of samples.
        most: the largest k; default: the largest number of samples.

    Returns: [problems, k]; column k - 1 is pass@k, NaN where a problem has fewer than k samples.

    >>> pass_at_k(np.array([1]), np.array([4])).round(2)
    array([[0.25, 0.5 , 0.75, 1.  ]])
    """
    most = int(samples.max(initial=0)) if most is None else most
    step = np.arange(most)
    left = samples[:, None] - step  # samples not yet taken, before the k-th is
    wrong = np.clip(left - right[:, None], 0, None)
    ratio = np.where(left > 0, wrong / np.where(left > 0, left, 1), 0.0)
    return np.where(left > 0, 1.0 - np.cumprod(ratio, axis=1), np.nan)
