"""The engine as its users see it: texts and decoding methods go in from any thread, one thread computes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self, TypeVar

from passel.core.errors import UsageError
from passel.engine.architecture import Architecture
from passel.engine.cache import PAGE, Cache
from passel.engine.constraints import Constraints
from passel.engine.draws import Completion, Draw
from passel.engine.flows import Flow
from passel.engine.forward import Decoding, Emit
from passel.engine.kernels import Kernels
from passel.engine.masked import CAUSAL_ONLY
from passel.engine.network import Network
from passel.engine.scheduler import Scheduler, Tally
from passel.engine.side import Side
from passel.engine.threads import rest

__all__ = ["Engine"]

T = TypeVar("T")


class Engine:
    """A model's weights at work.

    `draw` and `start` return at once and call back from the engine's own thread, which runs while there is work;
    `complete` and `run` wait.

    Args:
        parts: the model.
        beside: other models, such as drafters, which decoding methods can open branches of; each takes half of what the
            one before it has of the memory.
        memory: bytes for keys and values, a limit that is never passed.
        context: tokens of a text at most.
        chunk: tokens of prompts in one pass at most, so that texts under way need not wait long.
        rows: texts under way at once.
        constraints: of the tokenizer, where draws are to have any.
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
        beside: Sequence[Architecture] = (),
        constraints: Constraints | None = None,
        kernels: Kernels | None = None,
    ) -> None:
        self.parts = parts
        self.context = context
        self.memory = memory
        shares = [memory / 2 ** min(at + 1, len(beside)) for at in range(1 + len(beside))]
        sides = [_side(one, int(share), context, kernels) for one, share in zip((parts, *beside), shares, strict=True)]
        self._scheduler = Scheduler(sides, context=context, chunk=chunk, rows=rows, constraints=constraints)
        self._inbox: list[Callable[[], None]] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        rest()  # of the thread that has loaded the weights

    @property
    def tally(self) -> Tally:
        """What it has done so far."""
        return replace(self._scheduler.tally)

    @property
    def held_tokens(self) -> int:
        """Tokens in the cache."""
        return self._scheduler.cache.held_tokens

    def draw(self, draws: Sequence[Draw]) -> None:
        """Texts to draw; each draw's `done` is called with its completion. Raises UsageError for a masked-diffusion
        model, which does not go on token by token."""
        if self.parts.masked:
            raise UsageError(CAUSAL_ONLY)
        self._put(lambda: self._scheduler.draw(draws))

    def start(
        self,
        decoding: Decoding[Any],
        done: Callable[[Any, BaseException | None], None],
        watch: Callable[[Emit], None] | None = None,
    ) -> Flow:
        """A decoding method to run; `done` is called with its result or the error that ended it. To cancel it, set the
        flow's `cancelled`."""
        flow = Flow(decoding, done, watch)
        self._put(lambda: self._scheduler.start(flow))
        return flow

    def complete(self, draws: Sequence[Draw]) -> list[Completion]:
        """Draws texts and waits for them; completions in the order of the draws."""
        found: dict[int, Completion] = {}
        ready = threading.Event()

        def receiver(place: int) -> Callable[[Completion], None]:
            def receive(completion: Completion) -> None:
                found[place] = completion
                if len(found) == len(draws):
                    ready.set()

            return receive

        for place, one in enumerate(draws):
            one.done = receiver(place)
        if draws:
            self.draw(draws)
            self._wait(ready)
        return [found[place] for place in range(len(draws))]

    def run(self, decoding: Decoding[T], watch: Callable[[Emit], None] | None = None) -> T:
        """Runs a decoding method and waits for its result. Raises what ended it."""
        found: list[Any] = []
        ready = threading.Event()

        def done(result: Any, error: BaseException | None) -> None:
            found.extend((result, error))
            ready.set()

        self.start(decoding, done, watch)
        self._wait(ready)
        if found[1] is not None:
            raise found[1]
        return found[0]

    def close(self) -> None:
        """Ends the thread when its work is done. The engine can be used again after it."""
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
            # what waits must not wait for ever
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


def _side(parts: Architecture, memory: int, context: int, kernels: Kernels | None) -> Side:
    pages = memory // (parts.bytes_per_token * PAGE)
    if pages * PAGE < context + PAGE:
        least = (context + PAGE) * parts.bytes_per_token
        raise UsageError(f"memory: a context of {context} tokens takes {least} bytes, there are {memory}")
    if context > len(parts.positions[0].cosine):
        raise UsageError(f"context: the model was read for {len(parts.positions[0].cosine)} positions")
    return Side(Network(parts, pages * PAGE, kernels=kernels), Cache(pages))
