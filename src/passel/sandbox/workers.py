"""Workers kept ready: one thread starts containers, hands them code, reads their output, and ends them in time."""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from functools import partial

from passel.core.errors import PasselError
from passel.sandbox.container import Container, Submission
from passel.sandbox.execution import Backend, Execution, Limits, NoSandbox
from passel.sandbox.view import View

__all__ = ["Workers"]

_MAX_START_SECONDS = 60.0  # of a container, on a busy machine


@dataclass(eq=False, slots=True)
class _Job:
    submission: Submission
    future: Future[Execution] = field(default_factory=lambda: Future[Execution]())

    def settle(self, result: Execution | Exception) -> None:
        with contextlib.suppress(InvalidStateError):  # cancelled meanwhile
            if isinstance(result, Exception):
                self.future.set_exception(result)
            else:
                self.future.set_result(result)


class Workers:
    """Runs submissions, at most `max_workers` at a time, each in a container of its own; as many containers are kept
    ready or are starting.

    All containers are children of one thread: the kernel ends them when that thread ends, however it ends.
    """

    def __init__(self, backend: Backend, view: View, limits: Limits, max_workers: int) -> None:
        self._backend: Backend = backend
        self._view, self._limits, self._max_workers = view, limits, max_workers
        self._lock = threading.RLock()  # a sandbox that is collected closes its workers, in any thread
        self._waiting: deque[_Job] = deque()
        self._closing = False
        self._ended = False  # the pipes are closed: their numbers may be those of other files by now
        self._process = os.getpid()
        self._broken = False  # the last container could not start: none is started until a job waits
        self._starting: dict[Container, float] = {}  # by when each must be ready
        self._ready: deque[Container] = deque()
        self._jobs: dict[Container, _Job] = {}  # of containers that run, or start with limits of their own
        self._watched: dict[Container, set[int]] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._selector.register(self._wake, selectors.EVENT_READ, self._woken)
        self._thread = threading.Thread(target=self._serve, name="passel-sandbox", daemon=True)
        self._thread.start()

    def submit(self, submission: Submission) -> Future[Execution]:
        """The future result. Cancelling it ends the code."""
        job = _Job(submission)
        with self._lock:
            if self._closing:
                raise PasselError("the sandbox is closed")
            self._waiting.append(job)
        job.future.add_done_callback(self._settled)
        self._notify()
        return job.future

    def close(self) -> None:
        """Ends all containers; executions that were not over raise PasselError. Does nothing in a forked child."""
        if self._process != os.getpid():
            return
        with self._lock:
            self._closing = True
        self._notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _settled(self, future: Future[Execution]) -> None:
        if future.cancelled():
            self._notify()

    def _notify(self) -> None:
        with self._lock, contextlib.suppress(BlockingIOError):
            if not self._ended:
                os.write(self._waker, b"!")

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 1 << 12)

    def _serve(self) -> None:
        try:
            while not self._closing:
                self._hand_out()
                self._refill()
                for key, _ in self._selector.select(self._seconds_to_wait()):
                    act: Callable[[], None] = key.data
                    act()
                self._expire()
        finally:
            self._end()

    def _hand_out(self) -> None:
        while job := self._next():
            if job.submission.limits.of_container != self._limits.of_container:
                self._start(job.submission.limits, job)
            else:
                container = self._ready.popleft()
                if container.has_exited:  # the job is given to another
                    self._drop(container)
                    self._put_back(job)
                    continue
                self._jobs[container] = job
                container.begin(job.submission)
                self._want_to_write(container)

    def _next(self) -> _Job | None:
        """The next job that can run now."""
        with self._lock:
            while self._waiting and self._waiting[0].future.cancelled():
                self._waiting.popleft()
            if not self._waiting or len(self._jobs) >= self._max_workers:
                return None
            own_limits = self._waiting[0].submission.limits.of_container != self._limits.of_container
            return self._waiting.popleft() if own_limits or self._ready else None

    def _put_back(self, job: _Job) -> None:
        with self._lock:
            self._waiting.appendleft(job)

    def _refill(self) -> None:
        with self._lock:
            waiting = bool(self._waiting)
        if self._broken and not waiting:
            return
        unused = len(self._ready) + sum(container not in self._jobs for container in self._starting)
        for _ in range(self._max_workers - unused - len(self._jobs)):
            if not self._start(self._limits, None):
                return

    def _start(self, limits: Limits, job: _Job | None) -> bool:
        try:
            container = Container(self._backend, self._view, limits)
        except OSError as failed:
            self._fail(f"{self._backend}: {failed}", job)
            return False
        if job is not None:
            self._jobs[container] = job
        self._starting[container] = time.monotonic() + _MAX_START_SECONDS
        for descriptor in container.outputs:
            self._watch(container, descriptor, partial(self._read, container, descriptor))
        self._watch(container, container.ended, partial(self._gone, container))
        self._want_to_write(container)
        return True

    def _watch(self, container: Container, descriptor: int, act: Callable[[], None], *, write: bool = False) -> None:
        self._selector.register(descriptor, selectors.EVENT_WRITE if write else selectors.EVENT_READ, act)
        self._watched.setdefault(container, set()).add(descriptor)

    def _unwatch(self, container: Container, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        self._watched[container].discard(descriptor)

    def _want_to_write(self, container: Container) -> None:
        if container.unsent and container.input not in self._watched[container]:
            self._watch(container, container.input, partial(self._write, container), write=True)

    def _write(self, container: Container) -> None:
        if not container.alive:
            return
        descriptor = container.input
        container.write()
        if not container.unsent:
            self._unwatch(container, descriptor)

    def _read(self, container: Container, descriptor: int) -> None:
        if not container.alive:
            return  # ended earlier in the same round; its descriptors may be those of other files by now
        if not container.read(descriptor):
            self._unwatch(container, descriptor)
        if container.ready and container in self._starting:
            del self._starting[container]
            self._broken = False
            self._started(container)
        elif (job := self._jobs.get(container)) and (execution := container.poll()):
            self._finish(container, job, execution)

    def _started(self, container: Container) -> None:
        if job := self._jobs.get(container):
            container.begin(job.submission)
            self._want_to_write(container)
        else:
            self._ready.append(container)

    def _gone(self, container: Container) -> None:
        if not container.alive:
            return
        execution = container.finish()
        job = self._jobs.get(container)
        if job and execution:
            self._finish(container, job, execution)
        elif container in self._starting:
            self._drop(container)
            self._fail(f"{self._backend}: {container.startup_error()}", job)
        else:
            self._drop(container)  # a ready container that something outside has ended

    def _finish(self, container: Container, job: _Job, execution: Execution) -> None:
        self._drop(container)
        job.settle(execution)

    def _fail(self, why: str, job: _Job | None) -> None:
        """No container can be started: the waiting jobs raise NoSandbox."""
        self._broken = True
        with self._lock:
            failed = [job] if job else list(self._waiting)
            if not job:
                self._waiting.clear()
        for waiting in failed:
            waiting.settle(NoSandbox(f"the sandbox cannot start a worker: {why}"))

    def _drop(self, container: Container) -> None:
        for descriptor in tuple(self._watched[container]):
            self._unwatch(container, descriptor)
        del self._watched[container]
        container.kill()
        self._starting.pop(container, None)
        self._jobs.pop(container, None)
        if container in self._ready:
            self._ready.remove(container)

    def _seconds_to_wait(self) -> float | None:
        """Seconds until something has to be ended."""
        deadlines = (container.deadline for container in self._jobs)
        times = [*self._starting.values(), *(deadline for deadline in deadlines if deadline is not None)]
        return max(min(times) - time.monotonic(), 0.0) if times else None

    def _expire(self) -> None:
        for container, job in list(self._jobs.items()):
            if job.future.cancelled():
                self._drop(container)
            elif execution := container.poll():
                self._finish(container, job, execution)
        now = time.monotonic()
        for container in [container for container, end in self._starting.items() if end <= now]:
            job = self._jobs.get(container)
            self._drop(container)
            self._fail(f"{self._backend}: a worker was not ready after {_MAX_START_SECONDS:g} s", job)

    def _end(self) -> None:
        with self._lock:
            self._closing = True
            jobs = [*self._jobs.values(), *self._waiting]
            self._waiting.clear()
        for container in {*self._starting, *self._ready, *self._jobs}:
            self._drop(container)
        for job in jobs:
            job.settle(PasselError("the sandbox was closed"))
        self._selector.close()
        with self._lock:
            self._ended = True
            os.close(self._wake)
            os.close(self._waker)
