"""A generator taken step by step: what it asks for, what it is sent, what it returns. Everything that runs or rewrites
flows uses it, so that errors and ends are handled in one place."""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from passel.core.flow import Flow, Op, Par

__all__ = ["Steps", "rewritten"]

Y = TypeVar("Y")
T = TypeVar("T")


class Steps(Generic[Y, T]):
    """A generator that has been started. A context manager: leaving it closes the generator.

    >>> def greeting():
    ...     return (yield "Hello")
    >>> with Steps(greeting()) as steps:
    ...     while not steps.ended:
    ...         steps.send(f"reply to {steps.asked}")
    >>> steps.result
    'reply to Hello'
    """

    __slots__ = ("_result", "_work", "asked", "ended")

    def __init__(self, work: Generator[Y, Any, T]) -> None:
        self._work = work
        self._result: T | None = None
        self.ended = False
        self.asked: Y
        self._step(work.send, None)

    @property
    def result(self) -> T:
        """The value that the generator returned."""
        assert self.ended, "the generator has not ended"
        return cast(T, self._result)

    def send(self, value: Any) -> None:
        """Sends the generator the answer to `asked`."""
        self._step(self._work.send, value)

    def throw(self, error: Exception) -> None:
        """Raises an error in the generator in place of the answer."""
        self._step(self._work.throw, error)

    def _step(self, step: Callable[[Any], Y], value: Any) -> None:
        try:
            self.asked = step(value)
        except StopIteration as end:
            self.ended, self._result = True, end.value

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._work.close()


def rewritten(
    flow: Flow[T], change: Callable[[Op], Op] = lambda op: op, on_error: Callable[[Exception], None] | None = None
) -> Flow[T]:
    """Returns the same flow with other operations; flows that it runs side by side are rewritten too.

    Args:
        change: from each operation but `Par` to the operation that is yielded in its place.
        on_error: called with each error before it is thrown into the flow.
    """
    with Steps(flow) as steps:
        while not steps.ended:
            op = steps.asked
            if isinstance(op, Par):
                op = Par(tuple([rewritten(child, change, on_error) for child in op.flows]))
            else:
                op = change(op)
            try:
                value = yield op
            except Exception as error:
                if on_error is not None:
                    on_error(error)
                steps.throw(error)
            else:
                steps.send(value)
        return steps.result
