"""Child processes that answer requests side by side, started when needed and replaced when one hangs or dies.

What a model wrote is evaluated there: an endless loop, a crash or a memory bomb ends a worker, never its caller.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any
from weakref import WeakSet

from passel.core.child import Child, NoReply

__all__ = ["Workers"]


class Workers:
    """Processes that run one program, kept for the next request.

    The program writes any line of JSON once it is ready, then reads a request a line from its standard input and
    writes a reply a line, until its input ends. A worker that overruns its time, ends, or writes too long a line is
    killed, and the next request gets a new one. Several threads and event loops may ask at once. A forked process
    starts workers of its own.

    Args:
        program: path of the Python file; this interpreter runs it as `__main__`.
        workers: how many requests run at once at most; the others wait for their turn.
        packages: whether the program imports installed packages; without them it starts faster.
        memory: bytes of address space for each worker, where the system can limit it (Linux); None: no limit.
        start: seconds that a worker may take until it is ready.
        longest: bytes of a reply.
        is_last: whether a worker ends by itself after a reply.
    """

    def __init__(
        self,
        program: Path | str,
        *,
        workers: int,
        packages: bool = True,
        memory: int | None = None,
        start: float = 120.0,
        longest: int = 2**26,
        is_last: Callable[[Any], bool] = lambda reply: False,
    ) -> None:
        flags = ["-P"] if packages else ["-I", "-S"]  # -P: files beside the program are no modules
        self._settings = _Settings([*flags, str(program)], workers, memory, start, longest, is_last)
        self._lock, self._team = Lock(), _Team(self._settings)
        _all.add(self)

    def ask(self, request: Any, *, seconds: float) -> Any:
        """The reply to a request; raises `NoReply`.

        Args:
            request: a JSON value.
            seconds: for the reply, on the clock. Waiting for a free worker, and its start, do not count.
        """
        return self._submit(request, seconds).result()

    async def ask_async(self, request: Any, *, seconds: float) -> Any:
        """`ask`, beside the event loop."""
        return await asyncio.wrap_future(self._submit(request, seconds))

    def close(self) -> None:
        """Ends all workers; requests that are under way get `NoReply`. The next request starts anew."""
        with self._lock:
            team, self._team = self._team, _Team(self._settings)
        team.close()

    def _submit(self, request: Any, seconds: float) -> Future[Any]:
        request_line = (json.dumps(request) + "\n").encode()
        with self._lock:
            return self._team.submit(_Job(request_line, seconds, Future()))

    def _after_fork(self) -> None:
        """In the child, the workers and the threads that serve them are the parent's."""
        self._team.abandon()
        self._lock, self._team = Lock(), _Team(self._settings)


@dataclass(frozen=True, slots=True)
class _Settings:
    command: list[str]
    workers: int
    memory: int | None
    start: float
    longest: int
    is_last: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class _Job:
    request: bytes
    seconds: float
    reply: Future[Any]


class _Team:
    """Threads that each hold one child, and the queue of requests before them."""

    def __init__(self, settings: _Settings) -> None:
        self._settings = settings
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._unanswered = 0
        self._threads: list[Thread] = []
        self._children: set[Child] = set()
        self._closed = False
        self._lock = Lock()

    def submit(self, job: _Job) -> Future[Any]:
        """The reply to come."""
        with self._lock:
            self._unanswered += 1
            if len(self._threads) < min(self._unanswered, self._settings.workers):
                self._threads.append(Thread(target=self._serve, name="passel-worker", daemon=True))
                self._threads[-1].start()
            self._queue.put(job)
        return job.reply

    def close(self) -> None:
        """Ends all children, then all threads."""
        with self._lock:
            self._closed = True
            for child in self._children:
                child.kill()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def abandon(self) -> None:
        """Frees what a fork has inherited, and leaves the children to the parent."""
        for child in self._children:
            child.abandon()

    def _serve(self) -> None:
        """What each thread does: one request after the other."""
        child: Child | None = None
        while (job := self._queue.get()) is not None:
            reply: Any = None
            error: BaseException | None = None
            wanted = job.reply.set_running_or_notify_cancel()
            if wanted:
                try:
                    child = self._usable(child)
                    reply = child.ask(job.request, seconds=job.seconds)
                except BaseException as raised:
                    error = raised
                if error is not None or self._settings.is_last(reply):
                    self._end(child)
                    child = None
            with self._lock:
                self._unanswered -= 1
            if error is not None:
                job.reply.set_exception(error)
            elif wanted:
                job.reply.set_result(reply)
        self._end(child)

    def _usable(self, child: Child | None) -> Child:
        """The child itself, or a new one that is ready."""
        if child is not None and not child.ended:
            return child
        self._end(child)
        settings = self._settings
        with self._lock:
            if self._closed:
                raise NoReply("the workers are closed", "ended")
            child = Child(settings.command, memory=settings.memory, longest=settings.longest)
            self._children.add(child)
        try:
            child.ask(b"", seconds=settings.start)
        except BaseException:
            self._end(child)
            raise
        return child

    def _end(self, child: Child | None) -> None:
        if child is not None:
            with self._lock:
                self._children.discard(child)
            child.close()


_all: WeakSet[Workers] = WeakSet()


def _close_all() -> None:
    for workers in list(_all):
        workers.close()


def _forget_all() -> None:
    for workers in list(_all):
        workers._after_fork()  # pyright: ignore[reportPrivateUsage]


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
