"""The samples of a task as matrices: what estimators of curves are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Samples"]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The first n samples of each problem, as matrices [problems, n].

    Args:
        values: worth of each sample's answer, in [0, 1].
        answers: equal numbers for equal answers of a problem, -1 for no answer.
        scores: of a verifier; NaN for a sample without a score.
        tokens: completion tokens; NaN for a sample that did not finish.
    """

    values: NDArray[np.float64]
    answers: NDArray[np.int64]
    scores: NDArray[np.float64]
    tokens: NDArray[np.float64]
