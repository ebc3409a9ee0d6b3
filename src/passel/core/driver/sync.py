"""Coroutines for callers without an event loop, and for callers inside a running event loop (a notebook)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_sync"]

T = TypeVar("T")


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end and returns its value.

    Where an event loop is running in this thread already, the work gets a loop and a thread of its own; an interrupt
    while waiting for it cancels it first.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _in_thread(work)


def _in_thread(work: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    done = threading.Event()

    def turn() -> None:
        try:
            loop.run_until_complete(asyncio.wait([task]))
            if rest := asyncio.all_tasks(loop):  # passes that were cancelled and still clean up
                loop.run_until_complete(asyncio.wait(rest, timeout=10))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
            done.set()

    threading.Thread(target=turn, name="passel", daemon=True).start()
    try:
        done.wait()
    except BaseException:
        loop.call_soon_threadsafe(task.cancel)
        done.wait(10)
        raise
    return task.result()
