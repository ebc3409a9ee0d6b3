"""How work that takes long says how far it has come."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["OnProgress", "silent"]

OnProgress = Callable[[str, int, int], None]
"""Called with (what is done, how much of it is done, how much there is to do or 0 where nobody knows)."""


def silent(what: str, done: int, total: int) -> None:
    """Says nothing."""
