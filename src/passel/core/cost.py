"""Costs of passes, prices, and budgets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from passel.core.errors import UsageError, unknown

__all__ = ["Budget", "Cost", "Price", "Tally"]


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of some passes.

    Args:
        passes: replies of models.
        calls: tool calls.
        prompt_tokens: prompt tokens, cached ones included.
        cached_tokens: prompt tokens that came from a cache.
        completion_tokens: generated tokens.
        money: in US dollars.
        seconds: model time, summed over passes (not wall time).
        flops: floating-point operations, 2 per parameter and computed token; 0 where the model's size is not known.
    """

    passes: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0
    flops: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.passes + other.passes,
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.money + other.money,
            self.seconds + other.seconds,
            self.flops + other.flops,
        )

    def __sub__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))


class Tally:
    """A running sum of costs, faster than `Cost.__add__` where every pass is added."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: list[float] = [0, 0, 0, 0, 0, 0.0, 0.0, 0.0]

    def add(self, cost: Cost) -> None:
        """Adds a cost."""
        sums = self._sums
        sums[0] += cost.passes
        sums[1] += cost.calls
        sums[2] += cost.prompt_tokens
        sums[3] += cost.cached_tokens
        sums[4] += cost.completion_tokens
        sums[5] += cost.money
        sums[6] += cost.seconds
        sums[7] += cost.flops

    def cost(self) -> Cost:
        """The sum so far."""
        return Cost(*self._sums)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; `cached` is the price of cached prompt tokens (default: that of `prompt`)."""

    prompt: float = 0.0
    completion: float = 0.0
    cached: float | None = None

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Returns the price of these tokens in US dollars; `prompt_tokens` includes the cached tokens."""
        cached = self.prompt if self.cached is None else self.cached
        fresh = prompt_tokens - cached_tokens
        return (fresh * self.prompt + cached_tokens * cached + completion_tokens * self.completion) / 1e6


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits; None is no limit.

    Args:
        passes: replies of models.
        tokens: prompt and completion tokens.
        money: in US dollars.
        seconds: wall time from the start of the run.
        completion_tokens: generated tokens only.
    """

    passes: int | None = None
    tokens: int | None = None
    money: float | None = None
    seconds: float | None = None
    completion_tokens: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value >= 0:
                raise UsageError(f"must be at least 0, got {value}", field=field.name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the command line's form, such as `passes=100,tokens=2e6,money=0.5,seconds=60`."""
        known = {f.name for f in fields(cls)}
        limits: dict[str, float] = {}
        for part in filter(None, (p.strip() for p in text.split(","))):
            name, _, value = part.partition("=")
            if name not in known:
                raise unknown("limit of a budget:", name, known)
            try:
                limits[name] = int(float(value)) if name in ("passes", "tokens", "completion_tokens") else float(value)
            except (ValueError, OverflowError):
                raise UsageError(f"must be a number, got {value!r}", field=name) from None
        return cls(**limits)  # type: ignore[arg-type]

    @property
    def limits_spending(self) -> bool:
        """Whether anything but wall time is limited."""
        limits = (self.passes, self.tokens, self.money, self.completion_tokens)
        return any(limit is not None for limit in limits)

    def short_of(self, spent: Cost) -> str | None:
        """Returns the name of the first limit that `spent` exceeds, or None."""
        if self.passes is not None and spent.passes > self.passes:
            return "passes"
        if self.tokens is not None and spent.tokens > self.tokens:
            return "tokens"
        if self.completion_tokens is not None and spent.completion_tokens > self.completion_tokens:
            return "completion_tokens"
        if self.money is not None and spent.money > self.money * (1 + 1e-12) + 1e-12:
            return "money"
        return None
