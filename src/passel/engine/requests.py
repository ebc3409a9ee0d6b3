"""The requests that a decoding method can make of the engine, and their responses. Requests are data: they hold no
model and no cache."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from torch import Tensor

__all__ = ["ALL", "Decoding", "Drop", "Emit", "ExitRule", "Fork", "Forward", "Keep", "Mix", "Output", "Read"]
__all__ += ["Request", "Response", "Show", "drop", "emit", "fork", "forward", "forwards", "keep", "open_branch"]

ALL = -1
"""As `Forward.logits`: the logits of every token, not only of the last."""

Mix = tuple[tuple[int, float], ...]
"""Token ids with weights: an input that is the weighted sum of the tokens' embeddings."""


class ExitRule(Protocol):
    """Decides layer by layer which tokens of a forward go no deeper. Each forward has its own rule; an exception that
    the rule raises ends the decoding method."""

    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        """Says which tokens go no deeper: bool [tokens], from their hidden states [tokens, hidden size] after `depth`
        layers (1 to the number of layers less 1). The tokens are those that have not left yet, in order; a forward that
        goes through in chunks calls this for one chunk after another."""
        ...

    def state(self, depth: int, hidden: Tensor) -> Tensor:
        """Returns the states of the tokens that leave, as the model's final norm and head read them."""
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """Another branch that a forward sees before its own branch.

    Args:
        branch: the branch read, all of it.
        at: the position of the forward's first token relative to that branch's keys: the query is rotated to it, and
            the cached keys stay as they are.
    """

    branch: int
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Forward:
    """A forward pass over some new tokens, which are then part of the branch.

    Args:
        branch: the branch of the cache that the pass reads and writes.
        tokens: ids of the new tokens; or their number in zeros where `embeddings` are given.
        embeddings: [tokens, hidden size], in place of the tokens' embeddings; such tokens are never shared between
            branches.
        mix: a mix for each token, which the engine turns into `embeddings`: a method need not hold the table.
        positions: of each new token; default: continued from the branch's length.
        parents: a tree: each new token's parent among the new tokens, -1 for the branch's end; a parent comes before
            its children. A token sees the branch and its ancestors. Default: a chain.
        reads: branches seen before this branch, in this order.
        full: every new token sees all new tokens, later tokens too; they go through in one piece.
        layers: how many layers deep; 0: only the embeddings; default: all. The model's own head reads the logits.
        exit: the rule by which tokens go no deeper. The layers that such a token skips get keys and values from its
            last state, so that later tokens find it in the cache.
        logits: number of last tokens whose logits are returned; ALL or 0.
        hidden: depths whose hidden states are returned: 0 is the embeddings, `layers` the last, before the final norm.
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
    exit: ExitRule | None = None
    logits: int = 1
    hidden: tuple[int, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the keys and values depend only on the tokens so far, so that branches can share them."""
        special = (self.embeddings, self.mix, self.positions, self.parents, self.layers, self.exit)
        return all(option is None for option in special) and not self.reads and not self.full


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """The result of one forward.

    Args:
        logits: float32 [tokens requested, vocabulary].
        hidden: for each depth requested, [tokens, hidden size].
        cached: tokens that were in the cache already and were not computed again.
        depths: layers that each token went through, where the forward had an exit rule.
    """

    logits: Tensor
    hidden: tuple[Tensor, ...] = ()
    cached: int = 0
    depths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fork:
    """Opens a new branch with all tokens of `branch`; nothing is copied. Branch None: an empty branch of the model
    `model`: 0 is the engine's own, 1 and up are its other models (draft models). The response is the new branch's
    number."""

    branch: int | None = None
    model: int = 0


@dataclass(frozen=True, slots=True)
class Drop:
    """Ends a branch. Tokens that other branches share with it stay."""

    branch: int


@dataclass(frozen=True, slots=True)
class Keep:
    """Shortens a branch to its first `length` tokens and those of the later tokens that `also` numbers (counted from
    `length`, rising): after a tree was verified, the accepted path."""

    branch: int
    length: int
    also: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Emit:
    """Reports tokens that are final, to whoever watches. `index`: which of several texts they belong to."""

    tokens: tuple[int, ...]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Show:
    """Shows the drafts as they are now, best first; their tokens may still change. The engine does nothing with it: it
    is for whoever watches the requests."""

    drafts: tuple[tuple[int, ...], ...]


Request = Forward | Fork | Drop | Keep | Emit | Show
Response = Output | int | None
"""The response to one request: to a forward its output, to a fork its branch, to the others None."""

T = TypeVar("T")
Decoding = Generator[tuple[Request, ...], tuple[Response, ...], T]
"""A decoding method at work: it yields requests that run together and is sent their responses, in order."""


def forwards(requests: Sequence[Forward]) -> Decoding[list[Output]]:
    """Runs several forwards in one batch."""
    responses = yield tuple(requests)
    outputs = [response for response in responses if isinstance(response, Output)]
    assert len(outputs) == len(requests)
    return outputs


def forward(request: Forward) -> Decoding[Output]:
    """Runs one forward."""
    return (yield from forwards((request,)))[0]


def fork(branch: int) -> Decoding[int]:
    """Opens a branch that continues another; returns its number."""
    (opened,) = yield (Fork(branch),)
    assert isinstance(opened, int)
    return opened


def open_branch(model: int = 0) -> Decoding[int]:
    """Opens an empty branch; returns its number."""
    (opened,) = yield (Fork(None, model),)
    assert isinstance(opened, int)
    return opened


def drop(*branches: int) -> Decoding[None]:
    """Ends branches."""
    yield tuple(Drop(branch) for branch in branches)


def keep(branch: int, length: int, also: tuple[int, ...] = ()) -> Decoding[None]:
    """Shortens a branch."""
    yield (Keep(branch, length, also),)


def emit(tokens: Sequence[int], index: int = 0) -> Decoding[None]:
    """Reports tokens that are final."""
    yield (Emit(tuple(tokens), index),)
