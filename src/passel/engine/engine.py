"""The engine as its users see it: texts and decoding methods come in from any thread; one thread computes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self, TypeVar

from passel.core.errors import UsageError
from passel.engine.architecture import Architecture
from passel.engine.cache import PAGE, Cache
from passel.engine.cached_network import CachedNetwork
from passel.engine.constraints import Constraints
from passel.engine.kernels import Kernels
from passel.engine.masked import CAUSAL_ONLY
from passel.engine.network import Network
from passel.engine.requests import Decoding, Emit
from passel.engine.running import RunningDecoding
from passel.engine.sample_requests import Completion, SampleRequest
from passel.engine.scheduler import Scheduler, Tally
from passel.engine.threads import rest

__all__ = ["Engine"]

T = TypeVar("T")


class Engine:
    """Runs a model's weights.

    `sample` and `start` return at once and call back from the engine's own thread, which runs while there is work;
    `complete` and `run` wait for the results.

    Args:
        parts: the model.
        memory: bytes for keys and values; never exceeded.
        context: most tokens of a text.
        chunk: most tokens of prompts in one pass, so that texts under way need not wait long.
        rows: most texts under way at once.
        other_models: such as draft models, of which decoding methods can open branches; each gets half as much of the
            memory as the model before it.
        constraints: of the tokenizer, where sample requests are to have any.
        kernels: in place of those chosen for the device.

    Raises UsageError where `memory` does not hold one text of `context` tokens.
    """

    def __init__(
        self,
        parts: Architecture,
        *,
        memory: int = 2 << 30,
        context: int = 2048,
        chunk: int = 512,
        rows: int = 256,
        other_models: Sequence[Architecture] = (),
        constraints: Constraints | None = None,
        kernels: Kernels | None = None,
    ) -> None:
        self.parts = parts
        self.context = context
        self.memory = memory
        count = len(other_models)
        shares = [int(memory / 2 ** min(index + 1, count)) for index in range(1 + count)]
        models = [
            _cached(model, share, context, kernels) for model, share in zip((parts, *other_models), shares, strict=True)
        ]
        self._scheduler = Scheduler(models, context=context, chunk=chunk, rows=rows, constraints=constraints)
        self._inbox: list[Callable[[], None]] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        rest()  # of the thread that has loaded the weights

    @property
    def tally(self) -> Tally:
        """What the engine has done so far."""
        return replace(self._scheduler.tally)

    @property
    def held_tokens(self) -> int:
        """Number of tokens in the cache."""
        return self._scheduler.cache.held_tokens

    def sample(self, requests: Sequence[SampleRequest]) -> None:
        """Takes in texts to sample; each request's `on_done` is called with its completion. Raises UsageError for a
        masked-diffusion model, which does not write token by token."""
        if self.parts.masked:
            raise UsageError(CAUSAL_ONLY)
        self._put(lambda: self._scheduler.sample(requests))

    def start(
        self,
        decoding: Decoding[Any],
        on_done: Callable[[Any, BaseException | None], None],
        on_emit: Callable[[Emit], None] | None = None,
    ) -> RunningDecoding:
        """Takes in a decoding method to run; `on_done` is called with its result or the error that ended it. To cancel
        it, set `cancelled` of the object returned."""
        running = RunningDecoding(decoding, on_done, on_emit)
        self._put(lambda: self._scheduler.start(running))
        return running

    def complete(self, requests: Sequence[SampleRequest]) -> list[Completion]:
        """Samples texts and waits for them; returns the completions in the order of the requests."""
        completions: dict[int, Completion] = {}
        ready = threading.Event()

        def receiver(index: int) -> Callable[[Completion], None]:
            def receive(completion: Completion) -> None:
                completions[index] = completion
                if len(completions) == len(requests):
                    ready.set()

            return receive

        for index, request in enumerate(requests):
            request.on_done = receiver(index)
        if requests:
            self.sample(requests)
            self._wait(ready)
        return [completions[index] for index in range(len(requests))]

    def run(self, decoding: Decoding[T], on_emit: Callable[[Emit], None] | None = None) -> T:
        """Runs a decoding method, waits for its result and returns it. Raises the error that ended it."""
        outcome: list[Any] = []
        ready = threading.Event()

        def on_done(result: Any, error: BaseException | None) -> None:
            outcome.extend((result, error))
            ready.set()

        self.start(decoding, on_done, on_emit)
        self._wait(ready)
        result, error = outcome
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Ends the thread when its work is done. The engine can still be used afterwards."""
        with self._wake:
            thread, self._closing = self._thread, True
            self._wake.notify()
        if thread:
            thread.join()
        self._thread, self._closing = None, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, work: Callable[[], None]) -> None:
        with self._wake:
            self._inbox.append(work)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._loop, name="passel-engine", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _wait(self, ready: threading.Event) -> None:
        rest()
        while not ready.wait(0.5):
            if self._thread is None or not self._thread.is_alive():
                raise RuntimeError("the engine's thread has ended")

    def _loop(self) -> None:
        try:
            self._work()
        except BaseException as error:
            # nobody must wait for ever
            with self._wake:
                inbox, self._inbox = self._inbox, []
            for work in inbox:
                work()
            self._scheduler.end(error)
            raise

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._inbox and self._scheduler.idle and not self._closing:
                    rest()  # another engine of this process may compute
                    self._wake.wait()
                if self._closing and not self._inbox and self._scheduler.idle:
                    return
                inbox, self._inbox = self._inbox, []
            for work in inbox:
                work()
            if not self._scheduler.idle:
                self._scheduler.tick()


def _cached(parts: Architecture, memory: int, context: int, kernels: Kernels | None) -> CachedNetwork:
    pages = memory // (parts.bytes_per_token * PAGE)
    if pages * PAGE < context + PAGE:
        needed = (context + PAGE) * parts.bytes_per_token
        raise UsageError(f"memory: a context of {context} tokens takes {needed} bytes, there are {memory}")
    if context > len(parts.positions[0].cosine):
        raise UsageError(f"context: the model was read for {len(parts.positions[0].cosine)} positions")
    return CachedNetwork(Network(parts, pages * PAGE, kernels=kernels), Cache(pages))
