"""Running a flow by a script of replies: no model, no mock, no event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from passel.core.ask import Ask
from passel.core.cost import Budget
from passel.core.flow import Flow, Left, Op, Par, Round
from passel.core.reply import Reply
from passel.core.steps import Steps

__all__ = ["Played", "interpret", "play"]

T = TypeVar("T")
Scripted = Reply | str | BaseException


@dataclass(frozen=True, slots=True)
class Played(Generic[T]):
    """What a flow returned, and the rounds that it asked for."""

    value: T
    rounds: tuple[Round, ...]

    @property
    def asks(self) -> list[Ask]:
        """All asks in order."""
        return [ask for op in self.rounds for ask in op.asks]


def play(
    flow: Flow[T], replies: Iterable[Scripted] | Callable[[Ask], Scripted] = (), *, left: Budget = Budget()
) -> Played[T]:
    """Runs a flow against scripted replies.

    Args:
        flow: the flow; those in a `Par` are run one after the other, in order.
        replies: one for each ask in order, or a function of the ask. A string is a finished text; an exception (such
            as OutOfBudget) is thrown into the flow in place of its round and takes one place in the script.
        left: the answer to `Left`.

    Raises:
        AssertionError: the script is too short, or not all of it was used.
    """
    rounds: list[Round] = []
    script = iter(()) if callable(replies) else iter(replies)

    def perform(op: Round) -> tuple[Reply, ...]:
        rounds.append(op)
        return tuple(_reply(replies(ask) if callable(replies) else _next(script)) for ask in op.asks)

    value = interpret(flow, perform, lambda: left)
    rest = list(script)
    assert not rest, f"the flow ended and left {len(rest)} scripted replies unused"
    return Played(value, tuple(rounds))


def interpret(flow: Flow[T], perform: Callable[[Round], tuple[Reply, ...]], left: Callable[[], Budget] = Budget) -> T:
    """Runs a flow with a plain function in place of a driver."""
    with Steps(flow) as steps:
        while not steps.ended:
            try:
                value = _performed(steps.asked, perform, left)
            except Exception as error:
                steps.throw(error)
            else:
                steps.send(value)
        return steps.result


def _performed(op: Op, perform: Callable[[Round], tuple[Reply, ...]], left: Callable[[], Budget]) -> Any:
    match op:
        case Round():
            return perform(op)
        case Par(flows):
            return [interpret(child, perform, left) for child in flows]
        case _:
            assert type(op) is Left, f"a flow yields Round, Par or Left, not {op!r}"
            return left()


def _next(script: Iterator[Scripted]) -> Scripted:
    reply = next(script, None)
    assert reply is not None, "the flow asks for more than the script holds"
    return reply


def _reply(scripted: Scripted) -> Reply:
    if isinstance(scripted, BaseException):
        raise scripted
    return Reply(text=scripted) if isinstance(scripted, str) else scripted
