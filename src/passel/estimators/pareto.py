"""The Pareto frontier of cost and value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pareto"]

Array = NDArray[np.float64]


def pareto(costs: Array, values: Array) -> NDArray[np.bool_]:
    """Marks the points that no other point dominates: costs at most as much, is worth at least as much, and differs.

    Equal points do not dominate each other. A point with a NaN is never on the frontier and dominates no point.

    Args:
        costs, values: [points].

    Returns: [points].

    >>> pareto(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.4, 0.9])).tolist()
    [True, False, True]
    """
    known = ~(np.isnan(costs) | np.isnan(values))
    cheaper = costs[:, None] <= costs  # row against column
    better = values[:, None] >= values
    strict = (costs[:, None] < costs) | (values[:, None] > values)
    return known & ~(cheaper & better & strict & known[:, None]).any(axis=0)
