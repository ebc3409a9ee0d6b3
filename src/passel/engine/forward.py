"""What a decoding method can ask of the engine, and what it is sent. Asks are data: they hold no model and no cache."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from torch import Tensor

__all__ = ["ALL", "Ask", "Decoding", "Drop", "Emit", "Exit", "Fork", "Forward", "Keep", "Mix", "Output", "Read", "Sent"]
__all__ += ["Show", "drop", "emit", "fork", "forward", "forwards", "keep", "open_branch"]

ALL = -1
"""Logits of every token of a forward, not of the last ones alone."""

Mix = tuple[tuple[int, float], ...]
"""Token ids with weights: an input that is the weighted sum of the tokens' embeddings."""


class Exit(Protocol):
    """Decides layer by layer which tokens of a forward go no deeper. A forward has an exit of its own; what it raises
    ends its decoding method."""

    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        """bool [tokens]: which of the hidden states [tokens, hidden size] after `depth` layers, from 1 to one less than
        there are, go no deeper. The tokens are those that have not left yet, in order; a forward that goes through in
        chunks asks for one chunk after another."""
        ...

    def state(self, depth: int, hidden: Tensor) -> Tensor:
        """The states of those that leave, as the model's final norm and head are to read them."""
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """Another branch that a forward sees before its own.

    Args:
        branch: the branch read, as far as it goes.
        at: the position of the forward's first token as that branch's keys see it: its query is rotated so, and the
            keys stay as they are kept.
    """

    branch: int
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Forward:
    """One pass over some new tokens, which are then part of the branch.

    Args:
        branch: the branch of the cache that it reads and writes.
        tokens: ids of the new tokens; or their number in zeros where `embeddings` are given.
        embeddings: [tokens, hidden size] in place of the tokens' own; such tokens are never shared between branches.
        mix: a mix for each token, which the engine makes into `embeddings`: a method need not hold the table.
        positions: of each new token; default: on from the branch's length.
        parents: a tree: each new token's parent among the new tokens, -1 for the branch's end; a parent stands before
            its children. A token sees the branch and its ancestors. Default: a chain.
        reads: branches seen before this one, in this order.
        full: every new token sees all of them, those after it too; they go through in one piece.
        layers: how many layers deep, 0: embeddings alone; default: all. Logits are read off by the model's own head.
        exit: who goes no deeper. The layers that such a token skips get keys and values from its last state, so that
            later tokens find it in the cache.
        logits: of how many of the last tokens; ALL or 0.
        hidden: depths whose hidden states are wanted: 0 is the embeddings, `layers` the last, before the final norm.
    """

    branch: int
    tokens: Sequence[int]
    embeddings: Tensor | None = None
    mix: tuple[Mix, ...] | None = None
    positions: Sequence[int] | None = None
    parents: Sequence[int] | None = None
    reads: tuple[Read, ...] = ()
    full: bool = False
    layers: int | None = None
    exit: Exit | None = None
    logits: int = 1
    hidden: tuple[int, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether its keys and values depend on the tokens before it alone, so that branches can share them."""
        special = (self.embeddings, self.mix, self.positions, self.parents, self.layers, self.exit)
        return all(one is None for one in special) and not self.reads and not self.full


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """Of one forward.

    Args:
        logits: float32 [tokens asked for, vocabulary].
        hidden: for each depth asked for, [tokens, hidden size].
        cached: tokens that were in the cache already and were not computed again.
        depths: layers that each token went through, where the forward had an exit.
    """

    logits: Tensor
    hidden: tuple[Tensor, ...] = ()
    cached: int = 0
    depths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fork:
    """A new branch with all that `branch` holds; nothing is copied. Branch None: an empty one of the model `model`, 0
    the engine's own, from 1 on those beside it (draft models). Sent: its number."""

    branch: int | None = None
    model: int = 0


@dataclass(frozen=True, slots=True)
class Drop:
    """Ends a branch. What other branches share of it stays."""

    branch: int


@dataclass(frozen=True, slots=True)
class Keep:
    """Shortens a branch to `length` tokens and, of those after, the ones in `also` (counted from `length`, rising):
    after a tree was verified, the accepted path."""

    branch: int
    length: int
    also: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Emit:
    """Tokens that a text has for certain, for whoever watches. `draft`: which of several texts."""

    tokens: tuple[int, ...]
    draft: int = 0


@dataclass(frozen=True, slots=True)
class Show:
    """How the drafts look now, best first; nothing of it is certain. The engine does nothing with it: it is for whoever
    watches the asks go by."""

    drafts: tuple[tuple[int, ...], ...]


Ask = Forward | Fork | Drop | Keep | Emit | Show
Sent = Output | int | None
"""What one ask is sent: a forward its output, a fork its branch, the others None."""

T = TypeVar("T")
Decoding = Generator[tuple[Ask, ...], tuple[Sent, ...], T]
"""A decoding method at work: it yields asks that go together and is sent what they gave, in order."""


def forwards(asks: Sequence[Forward]) -> Decoding[list[Output]]:
    """Several forwards in one batch."""
    sent = yield tuple(asks)
    outputs = [output for output in sent if isinstance(output, Output)]
    assert len(outputs) == len(asks)
    return outputs


def forward(ask: Forward) -> Decoding[Output]:
    """One forward."""
    return (yield from forwards((ask,)))[0]


def fork(branch: int) -> Decoding[int]:
    """A branch that goes on from another."""
    (made,) = yield (Fork(branch),)
    assert isinstance(made, int)
    return made


def open_branch(model: int = 0) -> Decoding[int]:
    """An empty branch."""
    (made,) = yield (Fork(None, model),)
    assert isinstance(made, int)
    return made


def drop(*branches: int) -> Decoding[None]:
    """Ends branches."""
    yield tuple(Drop(branch) for branch in branches)


def keep(branch: int, length: int, also: tuple[int, ...] = ()) -> Decoding[None]:
    """Shortens a branch."""
    yield (Keep(branch, length, also),)


def emit(tokens: Sequence[int], draft: int = 0) -> Decoding[None]:
    """Tells tokens that are certain."""
    yield (Emit(tuple(tokens), draft),)
