"""A verifier's judgement of a text: a score with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["UNJUDGED", "Judgement"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A score with its reason, as the scorers of evaluation frameworks give it.

    Args:
        value: higher is better; None: the verifier could not judge the text.
        explanation: the reason, for a reader: the judge's own words, the wrong step, the failed test.
        metadata: details for programs; JSON values only.
    """

    value: float | None
    explanation: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, value: Judgement | float | None) -> Judgement:
        """Returns a judgement as it is, and a number or None as a judgement without a reason."""
        return value if isinstance(value, Judgement) else cls(value)


UNJUDGED = Judgement(None)
"""No judgement: it was not paid for, or the verifier could not judge."""
