"""Compares two answers as mathematics."""

from __future__ import annotations

import asyncio

from passel.core.extras import need
from passel.tasks import same_math

__all__ = ["same_answer"]


async def same_answer(*, gold: str, given: str) -> float | None:
    """1 if math-verify takes the given answer for the gold one, else 0; None if that takes more than a few seconds.

    Raises UsageError if math-verify is not installed.
    """
    need("math_verify", "tasks")
    return await asyncio.to_thread(same_math, gold, given) if given.strip() else 0.0
