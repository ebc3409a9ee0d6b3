"""How a fan-out is measured, whoever makes it: the endpoint counts, the clock runs from the first problem to the last.

Standard library alone: it is imported in every peer's environment.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator


class Stopwatch:
    """Calls served, wall seconds and processor seconds since it was made."""

    def __init__(self, base_url: str) -> None:
        self._url = base_url.removesuffix("/v1") + "/stats"
        self._before = self._served()
        self._cpu, self._begun = time.process_time(), time.perf_counter()

    def figures(self, name: str, **more: object) -> dict[str, object]:
        """What a script prints."""
        seconds, cpu = time.perf_counter() - self._begun, time.process_time() - self._cpu
        requests, calls = (now - then for now, then in zip(self._served(), self._before, strict=True))
        figures = {"requests": requests, "calls": calls, "seconds": round(seconds, 4), "cpu_seconds": round(cpu, 4)}
        return {"name": name, **more, **figures, "calls_per_second": round(calls / seconds, 1)}

    def _served(self) -> tuple[int, int]:
        with urllib.request.urlopen(self._url) as reply:
            stats = json.load(reply)
        return stats["requests"], stats["choices"]


async def fan_out(
    name: str, base_url: str, solve: Callable[[str], Awaitable[object]], problems: int, clients: int
) -> dict[str, object]:
    """Solves numbered problems, `clients` of them in flight, after one to warm up."""

    async def worker(queue: Iterator[int]) -> None:
        for number in queue:
            await solve(f"Problem {number}: what is the answer?")

    await solve("warm up")
    watch, queue = Stopwatch(base_url), iter(range(problems))
    await asyncio.gather(*(worker(queue) for _ in range(clients)))
    return watch.figures(name)
