"""What a verifier says of a text: a score with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["UNJUDGED", "Judgement"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A score with its reason, as the scorers of evaluation frameworks give it.

    Args:
        value: higher is better; None: the verifier could not tell.
        explanation: why, for a reader: the judge's own words, the step that is wrong, the test that failed.
        metadata: more of it for programs; JSON values only.
    """

    value: float | None
    explanation: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, value: Judgement | float | None) -> Judgement:
        """A judgement as it is; a number, or None, as one without a reason."""
        return value if isinstance(value, Judgement) else cls(value)


UNJUDGED = Judgement(None)
"""Nothing was judged: not paid for, or not to be told."""
