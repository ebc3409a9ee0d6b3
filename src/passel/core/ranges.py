"""Ranges of parameters, as annotations of their types: the valid values, and the range and scale that a tuner
searches."""

from __future__ import annotations

from dataclasses import dataclass

from passel.core.errors import UsageError

__all__ = ["Linear", "Log", "Range"]


@dataclass(frozen=True, slots=True)
class Range:
    """Values from `low`, the smallest valid value, to `high`, the largest value that a tuner tries."""

    low: float
    high: float

    def check(self, value: float | None, what: str) -> None:
        """Raises UsageError for a value below `low`; larger values than `high` are allowed."""
        if value is not None and not value >= self.low:
            raise UsageError(f"must be at least {self.low:g}, got {value}", field=what)


@dataclass(frozen=True, slots=True)
class Log(Range):
    """Searched on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Linear(Range):
    """Searched on a linear scale."""
