"""The sandbox: code in, an `Execution` out, by a call that waits and by a call to await."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref

from passel.core.errors import PasselError, UsageError
from passel.sandbox.choose import choose
from passel.sandbox.container import Submission
from passel.sandbox.execution import Backend, Execution, Limits
from passel.sandbox.view import View, view
from passel.sandbox.workers import Workers

__all__ = ["Sandbox", "default_sandbox"]


class Sandbox:
    """Runs Python code that nobody has read, each time in a new container that ends with the code.

    Code sees no network, no process but its own, no environment, and no files but the interpreter's, the system's
    programs and libraries and the installed packages, all read-only; it has a private /tmp. Threads may share a
    sandbox; it belongs to no event loop. After a fork, the child starts workers of its own.

    Args:
        max_workers: executions at a time; None: the number of processors.
        limits: the limits of an execution that sets none. Workers are kept ready for these; for an execution with
            another memory, number of processes, file size or disk a worker is started.
        backend: "bubblewrap" or "plain"; None: the first that works.
        packages: whether the site-packages of this environment can be imported.

    Raises NoSandbox where no backend works.
    """

    def __init__(
        self,
        *,
        max_workers: int | None = None,
        limits: Limits = Limits(),
        backend: Backend | None = None,
        packages: bool = True,
    ) -> None:
        if max_workers is not None and max_workers < 1:
            raise UsageError(f"a sandbox has at least 1 worker, got max_workers={max_workers}")
        self.backend: Backend = choose(backend)
        self.limits = limits
        self._max_workers = max_workers or len(os.sched_getaffinity(0))
        self._view: View = view(packages=packages)
        self._lock = threading.Lock()
        self._closed = False
        self._workers = self._start_workers()
        self._process = os.getpid()
        _all.add(self)

    def run(
        self, code: str, *, stdin: str = "", limits: Limits | None = None, last_expression: bool = False
    ) -> Execution:
        """Runs code as `__main__` and waits for its end. Whatever the code does is in the result, never an exception.

        Args:
            stdin: what `input()` and `sys.stdin` give.
            limits: None: those of the sandbox.
            last_expression: whether `value` is that of the last expression, as in a notebook, if there is one and it
                is not None; else `value` is that of the variable `result`.
        """
        future = self._current_workers().submit(Submission(code, stdin, last_expression, limits or self.limits))
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def run_async(
        self, code: str, *, stdin: str = "", limits: Limits | None = None, last_expression: bool = False
    ) -> Execution:
        """As `run`. Cancelling it ends the code."""
        submission = Submission(code, stdin, last_expression, limits or self.limits)
        return await asyncio.wrap_future(self._current_workers().submit(submission))

    def close(self) -> None:
        """Ends all workers. Executions that are not over raise PasselError. May be called again."""
        with self._lock:
            self._closed = True
        self._workers.close()

    def renew_lock(self) -> None:
        """To be called in a child after a fork: another thread may have held the lock."""
        self._lock = threading.Lock()

    def _current_workers(self) -> Workers:
        with self._lock:
            if self._closed:
                raise PasselError("the sandbox is closed")
            if self._process != os.getpid():
                self._workers, self._process = self._start_workers(), os.getpid()
            return self._workers

    def _start_workers(self) -> Workers:
        workers = Workers(self.backend, self._view, self.limits, self._max_workers)
        weakref.finalize(self, workers.close)  # also at exit
        return workers


_all: weakref.WeakSet[Sandbox] = weakref.WeakSet()
_default_lock = threading.Lock()
_default: list[Sandbox] = []


def default_sandbox() -> Sandbox:
    """The sandbox that this process shares, made at first use, with a worker for each processor."""
    with _default_lock:
        if not _default:
            _default.append(Sandbox())
        return _default[0]


def _after_fork() -> None:
    global _default_lock
    _default_lock = threading.Lock()
    for sandbox in list(_all):
        sandbox.renew_lock()


if hasattr(os, "register_at_fork"):  # the module is imported, to refuse, on other systems too
    os.register_at_fork(after_in_child=_after_fork)
