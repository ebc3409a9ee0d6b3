"""Two ways to answer, and the figures of each in an earlier comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from passel.methods.parts.pilots import figures_of

__all__ = ["Arm", "arm_of", "pays"]


@dataclass(frozen=True, slots=True)
class Arm:
    """The measured figures of a method.

    Args:
        accuracy: mean score, in [0, 1].
        stderr: standard error of that mean; infinite where a single problem was measured.
        tokens: mean of prompt and completion tokens per problem.
    """

    accuracy: float
    stderr: float
    tokens: float


def arm_of(figures: Mapping[str, Any], method: Callable[..., Any]) -> Arm | None:
    """A method's figures in a pilot, with exactly its options; None if the pilot does not hold it.

    >>> from passel.methods.cot import cot
    >>> arm_of({"cot": {"accuracy": 0.5, "stderr": None, "tokens": 30.0}}, cot)
    Arm(accuracy=0.5, stderr=inf, tokens=30.0)
    """
    row = figures_of(figures, method)
    if row is None:
        return None
    return Arm(row["accuracy"], math.inf if row["stderr"] is None else row["stderr"], row["tokens"])


def pays(slow: Arm, fast: Arm, z: float) -> bool:
    """Whether to take the slow arm: it is more accurate by more than z standard errors of the difference, or it is
    cheaper and not less accurate by as much.

    The error is that of two independent means. On the same problems the difference is known better, so a difference
    that counts here counts there too.
    """
    gain, noise = slow.accuracy - fast.accuracy, z * math.hypot(slow.stderr, fast.stderr) if z else 0.0
    if abs(gain) > noise:
        return gain > 0.0
    return slow.tokens < fast.tokens
