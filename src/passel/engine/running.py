"""Decoding methods under way: each is advanced until it waits for forwards; its branches end with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from passel.core.errors import UsageError
from passel.core.steps import Steps
from passel.engine.cache import Cache
from passel.engine.cached_network import CachedNetwork, branch_number, cache_and_row, model_and_row
from passel.engine.masked import CAUSAL_ONLY
from passel.engine.pending_forward import PendingForward
from passel.engine.requests import Decoding, Drop, Emit, Fork, Forward, Keep, Output, Request, Response, Show

__all__ = ["RunningDecoding"]


@dataclass(slots=True, eq=False)
class RunningDecoding:
    """A decoding method under way, its branches, and the forwards it waits for.

    Args:
        decoding: the generator.
        on_done: called with its result, or with the exception that ended it.
        on_emit: called with the tokens that are final.
        context: tokens that a branch can hold.
        cancelled: set it to end the method at the engine's next step.
    """

    decoding: Decoding[Any]
    on_done: Callable[[Any, BaseException | None], None]
    on_emit: Callable[[Emit], None] | None = None
    context: int = 1 << 30
    cancelled: bool = False
    ended: bool = False
    branches: set[int] = field(default_factory=set[int])
    waiting: int = 0
    _steps: Steps[tuple[Request, ...], Any] | None = None
    _responses: list[Response] = field(default_factory=list[Response])

    def advance(self, models: Sequence[CachedNetwork]) -> list[PendingForward]:
        """Runs the method up to its next forwards, and returns them; none where it has ended or still waits."""
        while not self.ended and not self.waiting:
            try:
                steps = self._step()
                if steps.ended:
                    self.end(models, steps.result, None)
                    return []
                pending = self._take(steps.asked, models)
            except Exception as error:
                self.end(models, None, error)
                return []
            if pending:
                self.waiting = len(pending)
                return pending
        return []

    def throw(self, models: Sequence[CachedNetwork], error: BaseException) -> None:
        """Ends the method by an error."""
        if not self.ended:
            self.decoding.close()
            self.end(models, None, error)

    def end(self, models: Sequence[CachedNetwork], result: Any, error: BaseException | None) -> None:
        """Ends its branches and calls `on_done`."""
        self.ended = True
        for branch in self.branches:
            cache, row = cache_and_row(models, branch)
            cache.drop(row)
        self.branches.clear()
        self.on_done(result, error)

    def _step(self) -> Steps[tuple[Request, ...], Any]:
        if self._steps is None:
            self._steps = Steps(self.decoding)
        else:
            self._steps.send(tuple(self._responses))
        return self._steps

    def _take(self, requests: tuple[Request, ...], models: Sequence[CachedNetwork]) -> list[PendingForward]:
        """Fulfils all requests but the forwards, which it returns."""
        assert requests, "a decoding method requests something"
        self._responses = [None] * len(requests)
        pending: list[PendingForward] = []
        for index, request in enumerate(requests):
            match request:
                case Forward():
                    self._check(request, models)
                    pending.append(PendingForward(_with_embeddings(request, models), self._receiver(index)))
                case Fork():
                    self._responses[index] = branch = self._fork(request, models)
                    self.branches.add(branch)
                case Drop():
                    cache, row = self._opened(request.branch, models)
                    cache.drop(row)
                    self.branches.discard(request.branch)
                case Keep():
                    cache, row = self._opened(request.branch, models)
                    cache.keep(row, request.length, request.also)
                case Emit():
                    if self.on_emit:
                        self.on_emit(request)
                case Show():
                    pass
        return pending

    def _fork(self, request: Fork, models: Sequence[CachedNetwork]) -> int:
        if request.branch is None:
            if not 0 <= request.model < len(models):
                raise UsageError(f"the engine has {len(models) - 1} other models, number {request.model} was requested")
            return branch_number(request.model, models[request.model].cache.open())
        cache, row = self._opened(request.branch, models)
        return branch_number(model_and_row(request.branch)[0], cache.fork(row))

    def _receiver(self, index: int) -> Callable[[Output], None]:
        def receive(output: Output) -> None:
            self._responses[index] = output
            self.waiting -= 1

        return receive

    def _opened(self, branch: int, models: Sequence[CachedNetwork]) -> tuple[Cache, int]:
        """Returns the cache and row of a branch. Raises UsageError for a branch that the method has not opened."""
        if branch not in self.branches:
            raise UsageError(f"a decoding method uses branch {branch}, which it has not opened")
        return cache_and_row(models, branch)

    def _check(self, request: Forward, models: Sequence[CachedNetwork]) -> None:
        """Raises UsageError for a forward that makes no sense."""
        cache, row = self._opened(request.branch, models)
        model, count = model_and_row(request.branch)[0], len(request.tokens)
        architecture = models[model].network.parts
        for read in request.reads:
            self._opened(read.branch, models)
            if model_and_row(read.branch)[0] != model:
                raise UsageError("a forward reads branches of its own model")
        if not count:
            raise UsageError("a forward has at least one token")
        if int(cache.length[row]) + count > self.context:
            raise UsageError(f"a branch would hold more than the context of {self.context} tokens")
        _check_depths(request, len(architecture.layers))
        for name in ("embeddings", "mix", "positions", "parents"):
            values = getattr(request, name)
            if values is not None and len(values) != count:
                raise UsageError(f"a forward of {count} tokens has {len(values)} {name}")
        if request.embeddings is not None and request.mix is not None:
            raise UsageError("a forward has embeddings or a mix, not both")
        if architecture.masked and not request.full and request.layers != 0:
            raise UsageError(CAUSAL_ONLY)
        if request.full and request.parents is not None:
            raise UsageError("a forward is a tree or sees itself in full, not both")
        if request.parents is not None and any(parent >= at for at, parent in enumerate(request.parents)):
            raise UsageError("in a tree of tokens, a parent stands before its children")


def _check_depths(request: Forward, layers: int) -> None:
    if request.layers is not None and not 0 <= request.layers <= layers:
        raise UsageError(f"the model has {layers} layers, asked for {request.layers}")
    deepest = layers if request.layers is None else request.layers
    if not all(0 <= depth <= deepest for depth in request.hidden):
        raise UsageError(f"hidden states are those after 0 to {deepest} layers, asked for {request.hidden}")


def _with_embeddings(request: Forward, models: Sequence[CachedNetwork]) -> Forward:
    """Returns the forward with embeddings in place of a mix."""
    if request.mix is None:
        return request
    network = models[model_and_row(request.branch)[0]].network
    return replace(request, embeddings=network.mixed(request.mix), mix=None)
