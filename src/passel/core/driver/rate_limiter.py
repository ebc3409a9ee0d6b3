"""A model's limits: requests in flight, requests and tokens a minute, and the pause an endpoint asked for."""

from __future__ import annotations

import asyncio

from passel.core.model import ModelInfo

__all__ = ["RateLimiter"]


class RateLimiter:
    """Lets requests go out: `acquire` waits for a place, `release` frees it. Bound to one event loop."""

    def __init__(self, info: ModelInfo) -> None:
        self._slots = asyncio.Semaphore(info.concurrency)
        self._requests = _Bucket(info.requests_per_minute)
        self._tokens = _Bucket(info.tokens_per_minute)
        self.counts_tokens = info.tokens_per_minute is not None
        self._limited = info.requests_per_minute is not None or self.counts_tokens
        self._paused_until = 0.0

    def pause(self, seconds: float) -> None:
        """Holds new requests back for some seconds, as the endpoint asked."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    async def acquire(self, tokens: int) -> None:
        """Waits for a slot, then for the rates (with at most this many tokens) and the pause."""
        await self._slots.acquire()
        if not self._limited and not self._paused_until:
            return
        try:
            now = asyncio.get_running_loop().time()
            wait = max(self._requests.take(1, now), self._tokens.take(tokens, now), self._paused_until - now)
            if wait > 0:
                await asyncio.sleep(wait)
            while (wait := self._paused_until - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(wait)  # the endpoint asked for a pause meanwhile
        except BaseException:
            self._slots.release()
            raise

    def release(self) -> None:
        """Frees the slot."""
        self._slots.release()


class _Bucket:
    """A token bucket that holds six seconds of its rate and may go into debt: later requests wait longer."""

    def __init__(self, per_minute: float | None) -> None:
        self.rate = None if per_minute is None else per_minute / 60.0
        self.level = 0.0 if self.rate is None else 6.0 * self.rate
        self.at = 0.0

    def take(self, amount: float, now: float) -> float:
        """Takes this much and returns how many seconds to wait first."""
        if self.rate is None:
            return 0.0
        if self.at:
            self.level = min(6.0 * self.rate, self.level + (now - self.at) * self.rate)
        self.at = now
        self.level -= amount
        return max(0.0, -self.level / self.rate)
