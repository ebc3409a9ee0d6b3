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
    """Asks that are sent at once. The flow is sent back a tuple of replies in the order of the asks.

    `until` ends the round early: at the "first" finished reply, or at a number of them. The other asks are then
    cancelled; their replies have stop="cancelled" and hold what was produced so far.
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
    """Flows that run side by side. The flow is sent back a list of their values, in order."""

    flows: tuple[Flow[Any], ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Asks what remains of the budget. The flow is sent back a `Budget`, open holds subtracted."""


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
    """Draws the samples number `first` to `first + n - 1` of a prompt, at once.

    Sample i has the key `key / "draw" / i`, so sample i of a prompt is the same reply in every method.
    """
    stem = key / "draw"
    asks = tuple([Generate(prompt, stem / i, prefix, sampling, role, label) for i in range(first, first + n)])
    return list(cast(Sequence[Reply], (yield Round(asks, until))))


def sample_within(prompt: Prompt, *, key: Key, n: int, first: int = 0, **settings: Any) -> Flow[list[Reply]]:
    """Draws as many of n samples as the budget allows. Raises OutOfBudget if not even one fits.

    A sample fits if its worst case does. Samples that took less leave room for more, so it goes on until none fits.
    """
    replies: list[Reply] = []
    size = n
    while len(replies) < n:
        try:
            replies += yield from sample(prompt, key=key, n=size, first=first + len(replies), **settings)
            size = n - len(replies)
        except OutOfBudget as short:  # less may fit by now than it says, if other flows spend: it asks again
            if not 0 < short.fits < size:
                if not replies:
                    raise
                break
            size = short.fits
    return replies


def within(asks: Sequence[Ask]) -> Flow[list[Reply]]:
    """Returns the replies to as many of the asks, from the first, as the budget allows.

    Raises OutOfBudget if not one fits. Without asks there is no round.
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
    """Runs a flow and returns its value, or None where the budget ends it.

    Args:
        or_raise: raise OutOfBudget instead, for a caller that has nothing yet to fall back on.
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
    """Draws n samples at once, or as many as the budget allows, until k have finished; the others are cancelled."""
    try:
        return (yield from sample(prompt, key=key, n=n, sampling=sampling, role=role, until=k))
    except OutOfBudget as short:
        if short.fits < 1:
            raise
        return (yield from sample(prompt, key=key, n=short.fits, sampling=sampling, role=role, until=k))


def score(
    prompt: Prompt, continuations: Sequence[str], *, prefix: str = "", role: str = "verifier", label: str = ""
) -> Flow[Reply]:
    """Asks for the log-probability of each continuation; it is in `reply.scores`."""
    (reply,) = cast(Sequence[Reply], (yield Round((Score(prompt, tuple(continuations), prefix, role, label),))))
    return reply


def reward(
    prompt: Prompt, parts: Sequence[str], *, prefix: str = "", chain: bool, role: str = "reward", label: str = ""
) -> Flow[Reply]:
    """Asks a trained reward model to score each part; the rewards are in `reply.scores`. See `Score` for `chain`."""
    ask = Score(prompt, tuple(parts), prefix, role, label, "reward", chain)
    (reply,) = cast(Sequence[Reply], (yield Round((ask,))))
    return reply


def embed(texts: Sequence[str], *, role: str = "embedder") -> Flow[Reply]:
    """Asks for a vector for each text; they are in `reply.vectors`."""
    (reply,) = cast(Sequence[Reply], (yield Round((Embed(tuple(texts), role),))))
    return reply


def call(tool: str, *, role: str = "tool", label: str = "", **arguments: Any) -> Flow[Reply]:
    """Calls a tool; what it returns is in `reply.value`."""
    (reply,) = cast(Sequence[Reply], (yield Round((Call(tool, arguments, role, label),))))
    return reply


def together(flows: Sequence[Flow[T]]) -> Flow[list[T]]:
    """Runs flows side by side and returns their results in order. If one raises, the others are cancelled."""
    return cast(list[T], (yield Par(tuple(flows))))
