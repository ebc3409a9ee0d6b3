"""The Pareto frontier of cost and value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pareto"]

Array = NDArray[np.float64]


def pareto(costs: Array, values: Array) -> NDArray[np.bool_]:
    """Which points no other beats: none costs at most as much and is worth at least as much, one of the two strictly.

    Equal points stand together. A point with a NaN is never on the frontier and beats nobody.

    Args:
        costs, values: [points].

    Returns: [points].

    >>> pareto(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.4, 0.9])).tolist()
    [True, False, True]
    """
    known = ~(np.isnan(costs) | np.isnan(values))
    cheaper = costs[:, None] <= costs  # row beats column
    better = values[:, None] >= values
    strict = (costs[:, None] < costs) | (values[:, None] > values)
    return known & ~(cheaper & better & strict & known[:, None]).any(axis=0)
