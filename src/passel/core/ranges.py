"""Ranges that ride on the types of parameters: what is valid, and where and on which scale a tuner looks."""

from __future__ import annotations

from dataclasses import dataclass

from passel.core.errors import UsageError

__all__ = ["Linear", "Log", "Range"]


@dataclass(frozen=True, slots=True)
class Range:
    """Values from `low` (the smallest valid one) to `high` (the largest worth a look)."""

    low: float
    high: float

    def check(self, value: float | None, what: str) -> None:
        """Raises UsageError for a value below `low`; larger values than `high` are allowed."""
        if value is not None and not value >= self.low:
            raise UsageError(f"must be at least {self.low:g}, got {value}", field=what)


@dataclass(frozen=True, slots=True)
class Log(Range):
    """Looked at on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Linear(Range):
    """Looked at on a linear scale."""
