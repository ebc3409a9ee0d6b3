"""How far to guess ahead."""

from __future__ import annotations

__all__ = ["adapted_length"]


def adapted_length(length: int, proposed: int, accepted: int, *, max_length: int) -> int:
    """The length of the next draft, from 1 to `max_length`.

    It grows by 2 where all guesses were accepted and shrinks by 1 where one was refused. A draft that was shorter than
    it could be says nothing about longer drafts, and an empty draft says nothing at all.

    Source: the schedule of Gante 2023, Assisted generation (Hugging Face), with its constants.

    Args:
        length: the largest length that the last draft could have. proposed: levels that it had.
        accepted: levels of it that were accepted.
    """
    if accepted < proposed:
        return max(1, length - 1)
    return min(max_length, length + 2) if proposed >= length else length
