"""An event loop whose clock jumps to the next timer: nothing waits, and a hang is an error at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["Hang", "run"]

T = TypeVar("T")


class Hang(AssertionError):
    """Nothing is ready and no timer is set: whoever waits now waits for ever."""


class _Stepped(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        select = self._selector.select

        def jump(timeout: float | None = None) -> Any:
            ready = select(0)
            if not ready:
                if timeout is None:
                    raise Hang("the flows wait for something that never comes")
                self.now += max(0.0, timeout)
            return ready

        self._selector.select = jump

    def time(self) -> float:
        return self.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end on such a loop."""
    with asyncio.Runner(loop_factory=_Stepped) as runner:
        return runner.run(work)
