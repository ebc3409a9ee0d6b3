"""Doubt in a model's reasoning: steps that look back rather than ahead, and phrases that prevent such steps."""

from __future__ import annotations

import re

from passel.core.key import Key

__all__ = ["doubts", "reassurance"]

_OPENINGS = (
    r"wait",
    r"hmm+",
    r"hold on",
    r"alternatively",
    r"on second thought",
    r"actually",
    r"(?:let me|let's|i'll|i should|i need to|i have to|i want to) (?:just )?"
    r"(?:double[- ]?check|check|verify|examine|reconsider|re-?(?:check|think|examine|verify|do)|think again|go back)",
    r"i(?:'m| am) not (?:so |quite |entirely |completely |too )?(?:sure|certain|convinced)",
    r"(?:is|are|does) (?:that|this|it) (?:really |actually )?(?:right|correct|true)",
    r"did i\b",
    r"maybe i\b",
    r"double[- ]check",
)
_DOUBT = re.compile(
    rf"\W*(?:(?:but|so|and|oh|okay|ok|well|now|(?:just )?to be sure),? )*(?:{'|'.join(_OPENINGS)})\b", re.I
)

PHRASES = (
    "That is settled. ",
    "It is clear so far. ",
    "This is right as it stands. ",
    "Everything up to here holds. ",
    "There is no need to go back. ",
)


def doubts(step: str) -> bool:
    """Whether a step opens like a reflection: it questions, checks again or looks for another way.

    >>> [doubts(step) for step in ("Wait, is 7 prime?", "But let me double-check.", "So 7 is prime.", "")]
    [True, True, False, False]
    """
    return _DOUBT.match(step.replace("’", "'")) is not None


def reassurance(key: Key) -> str:
    """One of a few sentences of confidence, chosen by the key; the next step continues behind it."""
    return PHRASES[(key / "reassure").below(len(PHRASES))]
