"""Decoding methods at work: each is advanced until it waits for forwards, and its branches end with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from passel.core.errors import UsageError
from passel.engine.cache import Cache
from passel.engine.forward import Ask, Decoding, Drop, Emit, Fork, Forward, Keep, Output, Sent, Show
from passel.engine.masked import CAUSAL_ONLY
from passel.engine.pending import Pending
from passel.engine.side import Side, cache_of, number, place

__all__ = ["Flow"]


@dataclass(slots=True, eq=False)
class Flow:
    """A decoding method, its branches, and what it waits for.

    Args:
        decoding: the generator.
        done: told its result, or the exception that ended it.
        watch: told the tokens that are certain, and of which draft they are.
        context: tokens that a branch can hold.
    """

    decoding: Decoding[Any]
    done: Callable[[Any, BaseException | None], None]
    watch: Callable[[Emit], None] | None = None
    context: int = 1 << 30
    cancelled: bool = False
    ended: bool = False
    branches: set[int] = field(default_factory=set[int])
    waiting: int = 0
    _sent: list[Sent] = field(default_factory=list[Sent])

    def advance(self, sides: Sequence[Side]) -> list[Pending]:
        """On to the next forwards that it waits for; none where it has ended."""
        while not self.ended and not self.waiting:
            try:
                asks = self.decoding.send(tuple(self._sent)) if self._sent else next(self.decoding)
                pending = self._take(asks, sides)
            except StopIteration as end:
                self.end(sides, end.value, None)
                return []
            except Exception as error:
                self.end(sides, None, error)
                return []
            if pending:
                self.waiting = len(pending)
                return pending
        return []

    def throw(self, sides: Sequence[Side], error: BaseException) -> None:
        """Ends it by an error."""
        if not self.ended:
            self.decoding.close()
            self.end(sides, None, error)

    def end(self, sides: Sequence[Side], result: Any, error: BaseException | None) -> None:
        """Ends its branches and tells."""
        self.ended = True
        for branch in self.branches:
            cache, row = cache_of(sides, branch)
            cache.drop(row)
        self.branches.clear()
        self.done(result, error)

    def _take(self, asks: tuple[Ask, ...], sides: Sequence[Side]) -> list[Pending]:
        assert asks, "a decoding method asks for something"
        self._sent = [None] * len(asks)
        pending: list[Pending] = []
        for at, ask in enumerate(asks):
            match ask:
                case Forward():
                    self._check(ask, sides)
                    pending.append(Pending(_resolved(ask, sides), self._receiver(at)))
                case Fork():
                    self._sent[at] = made = self._fork(ask, sides)
                    self.branches.add(made)
                case Drop():
                    cache, row = self._own(ask.branch, sides)
                    cache.drop(row)
                    self.branches.discard(ask.branch)
                case Keep():
                    cache, row = self._own(ask.branch, sides)
                    cache.keep(row, ask.length, ask.also)
                case Emit():
                    if self.watch:
                        self.watch(ask)
                case Show():
                    pass
        return pending

    def _fork(self, ask: Fork, sides: Sequence[Side]) -> int:
        if ask.branch is None:
            if not 0 <= ask.model < len(sides):
                raise UsageError(f"the engine has {len(sides) - 1} models beside its own, asked for {ask.model}")
            return number(ask.model, sides[ask.model].cache.open())
        cache, row = self._own(ask.branch, sides)
        return number(place(ask.branch)[0], cache.fork(row))

    def _receiver(self, at: int) -> Callable[[Output], None]:
        def receive(output: Output) -> None:
            self._sent[at] = output
            self.waiting -= 1

        return receive

    def _own(self, branch: int, sides: Sequence[Side]) -> tuple[Cache, int]:
        if branch not in self.branches:
            raise UsageError(f"a decoding method uses branch {branch}, which it has not opened")
        return cache_of(sides, branch)

    def _check(self, ask: Forward, sides: Sequence[Side]) -> None:
        cache, row = self._own(ask.branch, sides)
        model, count = place(ask.branch)[0], len(ask.tokens)
        layers = len(sides[model].network.parts.layers)
        for read in ask.reads:
            self._own(read.branch, sides)
            if place(read.branch)[0] != model:
                raise UsageError("a forward reads branches of its own model")
        if not count:
            raise UsageError("a forward has at least one token")
        if int(cache.length[row]) + count > self.context:
            raise UsageError(f"a branch would hold more than the context of {self.context} tokens")
        if ask.layers is not None and not 0 <= ask.layers <= layers:
            raise UsageError(f"the model has {layers} layers, asked for {ask.layers}")
        deep = layers if ask.layers is None else ask.layers
        if not all(0 <= depth <= deep for depth in ask.hidden):
            raise UsageError(f"hidden states are those after 0 to {deep} layers, asked for {ask.hidden}")
        for name in ("embeddings", "mix", "positions", "parents"):
            given = getattr(ask, name)
            if given is not None and len(given) != count:
                raise UsageError(f"a forward of {count} tokens has {len(given)} {name}")
        if ask.embeddings is not None and ask.mix is not None:
            raise UsageError("a forward has embeddings or a mix, not both")
        if sides[model].network.parts.masked and not ask.full and ask.layers != 0:
            raise UsageError(CAUSAL_ONLY)
        if ask.full and ask.parents is not None:
            raise UsageError("a forward is a tree or sees itself in full, not both")
        if ask.parents is not None and any(parent >= at for at, parent in enumerate(ask.parents)):
            raise UsageError("in a tree of tokens, a parent stands before its children")


def _resolved(ask: Forward, sides: Sequence[Side]) -> Forward:
    """With embeddings in place of a mix."""
    if ask.mix is None:
        return ask
    return replace(ask, embeddings=sides[place(ask.branch)[0]].network.mixed(ask.mix), mix=None)
