"""What a drafter is told and what it proposes: the seam between speculative decoding and those that guess for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from passel.core.key import Key
from passel.decoding.parts.opening import Opening
from passel.engine.requests import Decoding
from passel.engine.sampling import Rows

__all__ = ["Drafter", "Known", "MakeDrafter", "Proposal", "Propose", "merged"]


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A tree of tokens that may follow the text.

    Verification is exact whatever the tokens are, as long as a drawn token has been drawn from the distribution that
    its proposal states. So a drafter that draws may let the shape of the tree depend on tokens drawn already, but must
    not leave out a token for what it turned out to be: of equal siblings, those drawn first come first, and all stay.

    Args:
        tokens: ids [nodes], a parent before its children; of siblings, those to try first come first.
        parents: of each node the number of its parent, -1 where it follows the text itself; None: a chain.
        chances: of each node the distribution [vocabulary] that it was drawn from, given the text, its ancestors and
            the siblings before it (so with or without replacement); None for a node that was chosen, without chance.
            Empty: all were chosen.
        memory: whatever the drafter wants to find in `Known.last` at its next call.
    """

    tokens: tuple[int, ...] = ()
    parents: tuple[int, ...] | None = None
    chances: tuple[Tensor | None, ...] = ()
    memory: Any = None

    @property
    def links(self) -> tuple[int, ...]:
        """The parents, of a chain too."""
        return tuple(range(-1, len(self.tokens) - 1)) if self.parents is None else self.parents

    @property
    def drafts(self) -> tuple[Tensor | None, ...]:
        """The distribution of each node, or None."""
        return self.chances or (None,) * len(self.tokens)

    @property
    def depths(self) -> list[int]:
        """How many nodes lead to each node, itself included."""
        depths: list[int] = []
        for parent in self.links:
            depths.append(1 if parent < 0 else depths[parent] + 1)
        return depths

    def first(self, nodes: int) -> Proposal:
        """The tree's first so many nodes."""
        if nodes >= len(self.tokens):
            return self
        parents = None if self.parents is None else self.parents[:nodes]
        return Proposal(self.tokens[:nodes], parents, self.chances[:nodes], self.memory)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a drafter is told when it is its turn.

    Args:
        tokens: int64 [text], prompt and answer; the last of them has not been through the target model yet.
        length: levels of the tree at most, at least 1.
        nodes: of the tree at most, at least `length`; those after are cut off.
        vocabulary: of the target: logits of a token.
        branch: the target's, with all tokens but the last; to be forked, not to be changed.
        rows: the sampling parameters as they stand after the text, to shape logits by as the target's are.
        last: the proposal before this one, None at the first call; path: its nodes that were accepted, from the text's
            end on.
        hidden: of the target, for each depth that the drafter asked for, [tokens, hidden size]: those of the tokens
            that went through the target since the last call and are part of the text; at first, of the prompt.
    """

    tokens: NDArray[np.int64]
    length: int
    nodes: int
    vocabulary: int
    branch: int
    rows: Rows
    last: Proposal | None = None
    path: tuple[int, ...] = ()
    hidden: tuple[Tensor, ...] = ()


class Propose(Protocol):
    """Guesses how a text goes on; forwards of the engine's models are asked for as a decoding method does."""

    def __call__(self, known: Known, /) -> Decoding[Proposal]: ...


@dataclass(frozen=True, slots=True)
class Drafter:
    """One text's drafter.

    Args:
        propose: called before each pass of the target. A function of what is known and of the memory that its last
            proposal carries.
        length: levels that it would propose.
        hidden: depths of the target whose hidden states it wants, as in `Forward`. With any, the prompt is computed
            anew even where the cache has it.
    """

    propose: Propose
    length: int
    hidden: tuple[int, ...] = ()


class MakeDrafter(Protocol):
    """`def name(opening, *, key, …) -> Drafter`; what follows the key are its options."""

    def __call__(self, opening: Opening, *, key: Key) -> Drafter: ...


def merged(paths: Sequence[Sequence[int]], memory: Any = None) -> Proposal:
    """Chains of chosen tokens as one tree, in which equal beginnings are there once; the first chain comes first."""
    places: dict[tuple[int, int], int] = {}
    tokens: list[int] = []
    parents: list[int] = []
    for path in paths:
        at = -1
        for token in path:
            place = places.setdefault((at, token), len(tokens))
            if place == len(tokens):
                tokens.append(token)
                parents.append(at)
            at = place
    chain = parents == list(range(-1, len(tokens) - 1))
    return Proposal(tuple(tokens), None if chain else tuple(parents), memory=memory)
