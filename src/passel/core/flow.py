"""Flows: generators that yield rounds of asks and are sent the replies. They hold no client, clock or event loop."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, cast

from passel.core.ask import Ask, Call, Embed, Generate, Prompt, Sampling, Score
from passel.core.errors import OutOfBudget, UsageError
from passel.core.key import Key
from passel.core.reply import Reply

__all__ = [
    "Flow",
    "Left",
    "Op",
    "Par",
    "Round",
    "affordable",
    "call",
    "embed",
    "race",
    "reward",
    "sample",
    "sample_within",
    "score",
    "together",
    "within",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Round:
    """Asks that go out at once. Sent back: a tuple of replies in the order of the asks.

    `until` ends the round early: "first" or a number of finished replies. The asks that are no longer needed are
    cancelled and come back with stop="cancelled" and what they had produced.
    """

    asks: tuple[Ask, ...]
    until: Literal["all", "first"] | int = "all"

    def __post_init__(self) -> None:
        if isinstance(self.until, int) and self.until < 1:
            raise UsageError(f"a round waits for at least 1 reply, got until={self.until}")

    @property
    def needed(self) -> int:
        """How many finished replies end the round."""
        if self.until == "all":
            return len(self.asks)
        count = 1 if self.until == "first" else self.until
        return min(count, len(self.asks))


@dataclass(frozen=True, slots=True)
class Par:
    """Flows that run side by side. Sent back: a list of what they return, in order."""

    flows: tuple[Flow[Any], ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Asks what remains of the budget. Sent back: a `Budget`, open holds taken off; None is no limit."""


Op = Round | Par | Left
Flow: TypeAlias = Generator[Op, Any, T]


def sample(
    prompt: Prompt,
    *,
    key: Key,
    n: int = 1,
    first: int = 0,
    prefix: str = "",
    sampling: Sampling = Sampling(),
    role: str = "generator",
    label: str = "",
    until: Literal["all", "first"] | int = "all",
) -> Flow[list[Reply]]:
    """Draws number `first` … `first + n - 1` of a prompt, at once.

    Draw i has the key `key / "draw" / i`, so the same draw of the same prompt is the same reply in every method.
    """
    own = key / "draw"
    asks = tuple([Generate(prompt, own / i, prefix, sampling, role, label) for i in range(first, first + n)])
    return list(cast(Sequence[Reply], (yield Round(asks, until))))


def sample_within(prompt: Prompt, *, key: Key, n: int, first: int = 0, **settings: Any) -> Flow[list[Reply]]:
    """As many of n draws as the budget allows; OutOfBudget if not even one fits.

    What fits is a matter of worst cases. Draws that took less leave room for more, so it goes on until none fits.
    """
    replies: list[Reply] = []
    size = n
    while len(replies) < n:
        try:
            replies += yield from sample(prompt, key=key, n=size, first=first + len(replies), **settings)
            size = n - len(replies)
        except OutOfBudget as short:  # what fits now may not once others have spent: it asks again, for less
            if not 0 < short.fits < size:
                if not replies:
                    raise
                break
            size = short.fits
    return replies


def within(asks: Sequence[Ask]) -> Flow[list[Reply]]:
    """The replies to as many of the asks, from the first, as the budget allows; OutOfBudget if not one fits.

    No asks are no round.
    """
    if not asks:
        return []
    try:
        return list(cast(Sequence[Reply], (yield Round(tuple(asks)))))
    except OutOfBudget as short:
        if short.fits < 1:
            raise
        return list(cast(Sequence[Reply], (yield Round(tuple(asks[: short.fits])))))


def affordable(flow: Flow[T], *, or_raise: bool = False) -> Flow[T | None]:
    """What a flow returns, or None where the budget ends it.

    Args:
        or_raise: raise OutOfBudget all the same, for nothing was paid for yet that a caller could make do with.
    """
    try:
        return (yield from flow)
    except OutOfBudget:
        if or_raise:
            raise
        return None


def race(
    prompt: Prompt, *, key: Key, n: int, k: int = 1, sampling: Sampling = Sampling(), role: str = "generator"
) -> Flow[list[Reply]]:
    """n draws at once, or as many as the budget allows, until k of them have finished; the rest are cancelled."""
    try:
        return (yield from sample(prompt, key=key, n=n, sampling=sampling, role=role, until=k))
    except OutOfBudget as short:
        if short.fits < 1:
            raise
        return (yield from sample(prompt, key=key, n=short.fits, sampling=sampling, role=role, until=k))


def score(
    prompt: Prompt, continuations: Sequence[str], *, prefix: str = "", role: str = "verifier", label: str = ""
) -> Flow[Reply]:
    """The log-probability of each continuation, in `reply.scores`."""
    (reply,) = cast(Sequence[Reply], (yield Round((Score(prompt, tuple(continuations), prefix, role, label),))))
    return reply


def reward(
    prompt: Prompt, parts: Sequence[str], *, prefix: str = "", chain: bool, role: str = "reward", label: str = ""
) -> Flow[Reply]:
    """What a trained reward model gives each part, in `reply.scores`; see `Score` for `chain`."""
    ask = Score(prompt, tuple(parts), prefix, role, label, "reward", chain)
    (reply,) = cast(Sequence[Reply], (yield Round((ask,))))
    return reply


def embed(texts: Sequence[str], *, role: str = "embedder") -> Flow[Reply]:
    """A vector for each text, in `reply.vectors`."""
    (reply,) = cast(Sequence[Reply], (yield Round((Embed(tuple(texts), role),))))
    return reply


def call(tool: str, *, role: str = "tool", label: str = "", **arguments: Any) -> Flow[Reply]:
    """What a tool returns, in `reply.value`."""
    (reply,) = cast(Sequence[Reply], (yield Round((Call(tool, arguments, role, label),))))
    return reply


def together(flows: Sequence[Flow[T]]) -> Flow[list[T]]:
    """Runs flows side by side and returns their results in order. If one raises, the others are cancelled."""
    return cast(list[T], (yield Par(tuple(flows))))
