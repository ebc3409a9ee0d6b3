"""How long work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["OnProgress", "silent"]

OnProgress = Callable[[str, int, int], None]
"""Called with a description, the amount done, and the total amount (0: not known)."""


def silent(what: str, done: int, total: int) -> None:
    """Reports nothing."""
