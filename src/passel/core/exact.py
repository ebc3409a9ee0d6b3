"""The exact distribution of a flow's answer on a finite model: the flow is run once for each combination of samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar

from passel.core.address import address
from passel.core.ask import Ask, Generate
from passel.core.driver.races import settle
from passel.core.flow import Flow, Round
from passel.core.play import interpret
from passel.core.reply import Reply
from passel.core.result import Result

__all__ = ["Finite", "answer_key", "exact"]

T = TypeVar("T")


class Finite(Protocol):
    """A model with finitely many texts for each prompt."""

    def outcomes(self, ask: Generate, /) -> Sequence[tuple[Reply, float]]:
        """Returns every possible reply with its probability; the probabilities sum to 1."""
        ...

    def reply(self, ask: Ask, /) -> Reply:
        """Returns the reply to an ask that is not random: a score, an embedding, a tool's call."""
        ...


def answer_key(result: Result) -> Hashable:
    """Returns the key of a result's answer, or None: results with equal keys have the same answer."""
    return result.answer.key if result.answer else None


def exact(
    make: Callable[[], Flow[T]],
    model: Finite,
    *,
    value: Callable[[T], Hashable] | None = None,
    max_leaves: int = 200_000,
) -> dict[Hashable, float]:
    """Returns the probability of each value of the flow's result; default value: the answer's key.

    Samples with different addresses are independent, and an address has one sample. The tree of all samples is walked
    depth first, and the flow is run from its start for each leaf. Races go by tokens. The flow's own use of its key is
    not random here: it is fixed by the key in `make`.

    Raises:
        ValueError: there are more than `max_leaves` leaves.
    """
    read: Any = value or answer_key
    total: dict[Hashable, float] = defaultdict(float)
    path: list[int] = []  # the outcome of each sample, in the order in which the flow asks for them
    for _ in range(max_leaves):
        result, probability, widths = _run(make(), model, path)
        total[read(result)] += probability
        path = _next_path(path + [0] * (len(widths) - len(path)), widths)
        if not path:
            return dict(total)
    raise ValueError(f"the flow has more than {max_leaves} ways to go")


def _run(flow: Flow[T], model: Finite, path: Sequence[int]) -> tuple[T, float, list[int]]:
    drawn: dict[str, Reply] = {}
    widths: list[int] = []
    probability = 1.0

    def answer(ask: Ask) -> Reply:
        nonlocal probability
        if not isinstance(ask, Generate):
            return model.reply(ask)
        name = address("", ask)
        if name not in drawn:
            outcomes = [pair for pair in model.outcomes(ask) if pair[1] > 0.0]
            turn = path[len(widths)] if len(widths) < len(path) else 0
            widths.append(len(outcomes))
            drawn[name], chance = outcomes[turn]
            probability *= chance
        return drawn[name]

    def perform(op: Round) -> tuple[Reply, ...]:
        replies = [answer(ask) for ask in op.asks]
        return tuple(settle(replies, op.needed) if op.needed < len(replies) else replies)

    result = interpret(flow, perform)
    return result, probability, widths


def _next_path(path: list[int], widths: Sequence[int]) -> list[int]:
    """The next leaf in depth-first order; empty after the last."""
    while path and path[-1] + 1 >= widths[len(path) - 1]:
        path.pop()
    if path:
        path[-1] += 1
    return path
