"""Statements that say there is no answer: "unknown", "it depends", "none of the above"."""

from __future__ import annotations

import re

__all__ = ["is_refusal"]

_REFUSAL = re.compile(
    r"\b(?:unknown|unclear|uncertain|undetermined|indeterminate|depends|dependent|impossible|insufficient|neither|none|"
    r"cannot|can['’]t|can not|could not|"
    r"(?:not|n['’]t) (?:known|clear|sure|certain|enough|possible|determined|know|as simple|specified|given)|"
    r"no (?:answer|solution|way|correct|clear|definitive|definite|single|one|information))\b",
    re.IGNORECASE,
)
_LONGEST = 200


def is_refusal(clause: str) -> bool:
    """Whether a statement, up to the end of its clause, says that there is no answer, or none to be known.

    >>> [is_refusal(clause) for clause in ("unknown", "dependent on the word", "B, because A cannot be", "42")]
    [True, True, True, False]
    """
    return bool(_REFUSAL.search(clause[:_LONGEST]))
