"""Choosing among methods by difficulty: a problem's place among those of a pilot, and the best method there."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from passel.core.errors import UsageError
from passel.core.needs import GOLD, needs_of
from passel.methods.parts.pilots import figures_of, identity
from passel.verifiers import load

__all__ = ["ORACLE", "best_arm", "bin_of", "binning_of", "difficulty_of"]

ORACLE = "oracle"


def binning_of(table: Mapping[str, Any], verifier: Callable[..., Any]) -> tuple[str, Mapping[str, Any] | None]:
    """The bins of a pilot that this verifier made, with its name there; None if there are none. A verifier that asks
    the task for the right answer belongs to the bins by pass rate, "oracle"."""
    if needs_of(verifier).get("tool", frozenset()) & GOLD:
        return ORACLE, table.get("bins", {}).get(ORACLE)
    wanted = identity(verifier)
    for name, bins in table.get("bins", {}).items():
        try:
            if identity(load(name)) == wanted:
                return name, bins
        except UsageError:
            continue
    return "", None


def difficulty_of(scores: Sequence[float | None]) -> float | None:
    """The mean score of some samples, without those that have no score; None if none has. Higher is easier."""
    known = [score for score in scores if score is not None]
    return math.fsum(known) / len(known) if known else None


def bin_of(edges: Sequence[float], difficulty: float | None) -> int:
    """The bin of a problem, 0 is the hardest; a problem without a score is among the hardest.

    >>> [bin_of([0.2, 0.5], value) for value in (None, 0.1, 0.2, 0.9)]
    [0, 0, 1, 2]
    """
    return 0 if difficulty is None else bisect_right(edges, difficulty)


def best_arm(
    figures: Mapping[str, Any], arms: Sequence[Callable[..., Any]], tokens: float | None = None
) -> tuple[int, Mapping[str, Any]] | None:
    """The index of the most accurate arm among those that took at most `tokens` (prompt and completion, per problem),
    and its figures. Ties go to the cheapest, then the first. If no arm took so few, the cheapest. None if the figures
    hold no arm.
    """
    known = [(index, row) for index, arm in enumerate(arms) if (row := figures_of(figures, arm)) is not None]
    if not known:
        return None
    afforded = [pair for pair in known if tokens is None or pair[1]["tokens"] <= tokens]
    if not afforded:
        return min(known, key=lambda pair: pair[1]["tokens"])
    return max(afforded, key=lambda pair: (pair[1]["accuracy"], -pair[1]["tokens"]))
