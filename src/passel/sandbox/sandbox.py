"""The sandbox: a pool of warm workers behind two calls, one that waits and one to await."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref

from passel.core.errors import PasselError, UsageError
from passel.sandbox.choose import choose
from passel.sandbox.container import Request
from passel.sandbox.pool import Pool
from passel.sandbox.values import Backend, Limits, Ran
from passel.sandbox.view import View, view

__all__ = ["Sandbox", "default"]


class Sandbox:
    """Runs Python code that nobody has read, each run in a container that is made for it and ended after it.

    Code sees no network, no files but the interpreter's, the system's programs and libraries and the packages, all
    read-only, no process but its own, no environment; it has a private /tmp. Threads may share a sandbox; it belongs to
    no event loop. After a fork, the child has workers of its own.

    Args:
        workers: runs at a time; None: one for each processor.
        limits: of each run, unless the run says otherwise. Workers are kept warm for these; a run with another memory,
            number of processes, file size or disk has one started for it.
        backend: "bubblewrap" or "plain"; None: the first that works.
        packages: whether the site-packages of this environment can be imported.

    Raises Unsafe where no backend works.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        limits: Limits = Limits(),
        backend: Backend | None = None,
        packages: bool = True,
    ) -> None:
        if workers is not None and workers < 1:
            raise UsageError(f"a sandbox has at least 1 worker, got workers={workers}")
        self.backend: Backend = choose(backend)
        self.limits = limits
        self._workers = workers or len(os.sched_getaffinity(0))
        self._view: View = view(packages=packages)
        self._lock = threading.Lock()
        self._closed = False
        self._pool = self._new()
        self._process = os.getpid()
        _all.add(self)

    def run(self, code: str, *, stdin: str = "", limits: Limits | None = None, last_expression: bool = False) -> Ran:
        """Runs code as `__main__` and waits for its end. What the code does is in the result, never an exception.

        Args:
            stdin: what `input()` and `sys.stdin` give.
            limits: None: those of the sandbox.
            last_expression: whether `value` is that of the last expression, as in a notebook, if there is one and it
                is not None; else that of the variable `result`.
        """
        future = self._current().submit(Request(code, stdin, last_expression, limits or self.limits))
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def run_async(
        self, code: str, *, stdin: str = "", limits: Limits | None = None, last_expression: bool = False
    ) -> Ran:
        """As `run`. Cancelling it ends the run."""
        request = Request(code, stdin, last_expression, limits or self.limits)
        return await asyncio.wrap_future(self._current().submit(request))

    def close(self) -> None:
        """Ends all workers. A run that was not over raises PasselError. May be called again."""
        with self._lock:
            self._closed = True
        self._pool.close()

    def forked(self) -> None:
        """To be called in a child after a fork: another thread may have held the lock."""
        self._lock = threading.Lock()

    def _current(self) -> Pool:
        with self._lock:
            if self._closed:
                raise PasselError("the sandbox is closed")
            if self._process != os.getpid():
                self._pool, self._process = self._new(), os.getpid()
            return self._pool

    def _new(self) -> Pool:
        pool = Pool(self.backend, self._view, self.limits, self._workers)
        weakref.finalize(self, pool.close)  # also at exit
        return pool


_all: weakref.WeakSet[Sandbox] = weakref.WeakSet()
_default_lock = threading.Lock()
_default: list[Sandbox] = []


def default() -> Sandbox:
    """The sandbox that this process shares, made at first use, with a worker for each processor."""
    with _default_lock:
        if not _default:
            _default.append(Sandbox())
        return _default[0]


def _after_fork() -> None:
    global _default_lock
    _default_lock = threading.Lock()
    for sandbox in list(_all):
        sandbox.forked()


if hasattr(os, "register_at_fork"):  # to be imported, and to refuse, elsewhere too
    os.register_at_fork(after_in_child=_after_fork)
