"""How far to guess ahead."""

from __future__ import annotations

__all__ = ["adapted_length"]


def adapted_length(length: int, proposed: int, accepted: int, *, max_length: int) -> int:
    """The next draft's length: 2 more where all guesses stood, 1 less where one did not; from 1 to `max_length`. A draft that
    ended before its length tells nothing of longer ones, and an empty one nothing at all.

    Source: the schedule of Gante 2023, Assisted generation (Hugging Face), with its constants.

    Args:
        length: of the last draft at most. proposed: levels that it had. accepted: of them.
    """
    if accepted < proposed:
        return max(1, length - 1)
    return min(max_length, length + 2) if proposed >= length else length
