"""What a drafter is given and what it proposes: the interface between speculative decoding and its drafters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from passel.core.key import Key
from passel.decoding.parts.inputs import DecodingInput
from passel.engine.requests import Decoding
from passel.engine.sampling import Rows

__all__ = ["DraftContext", "Drafter", "MakeDrafter", "Proposal", "Propose", "merged"]


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A tree of tokens that may follow the text.

    Verification is exact whatever the tokens are, as long as every drawn token comes from the distribution that the
    proposal states. A drafter that draws may let the shape of the tree depend on earlier tokens, but must not leave out
    a token because of its value: equal siblings all stay, in the order in which they were drawn.

    Args:
        tokens: token ids [nodes], a parent before its children; siblings in the order in which they are tried.
        parents: for each node the number of its parent, -1 where it follows the text itself; None: a chain.
        distributions: for each node the distribution [vocabulary] that it was drawn from, given the text, its
            ancestors and the siblings before it (so with or without replacement); None for a node that was chosen
            without chance. Empty: all nodes were chosen.
        memory: state that the drafter finds in `DraftContext.last` at its next call.
    """

    tokens: tuple[int, ...] = ()
    parents: tuple[int, ...] | None = None
    distributions: tuple[Tensor | None, ...] = ()
    memory: Any = None

    @property
    def all_parents(self) -> tuple[int, ...]:
        """The parent of each node, -1 for the text's end; of a chain too."""
        return tuple(range(-1, len(self.tokens) - 1)) if self.parents is None else self.parents

    @property
    def node_distributions(self) -> tuple[Tensor | None, ...]:
        """The distribution of each node, or None for a node that was chosen."""
        return self.distributions or (None,) * len(self.tokens)

    @property
    def depths(self) -> list[int]:
        """The depth of each node: 1 for a node that follows the text."""
        depths: list[int] = []
        for parent in self.all_parents:
            depths.append(1 if parent < 0 else depths[parent] + 1)
        return depths

    def first(self, nodes: int) -> Proposal:
        """The tree cut to its first nodes."""
        if nodes >= len(self.tokens):
            return self
        parents = None if self.parents is None else self.parents[:nodes]
        return Proposal(self.tokens[:nodes], parents, self.distributions[:nodes], self.memory)


@dataclass(frozen=True, slots=True, eq=False)
class DraftContext:
    """The text and the limits that a drafter proposes for.

    Args:
        tokens: int64 [text], prompt and answer; the target model has not computed the last one yet.
        length: largest depth of the tree, at least 1.
        nodes: largest number of nodes, at least `length`; further nodes are cut off.
        vocabulary: size of the target's vocabulary.
        branch: the target's branch, with all tokens but the last; it may be forked and must not be changed.
        rows: the sampling parameters as they stand after the text, to shape logits as the target's are shaped.
        last: the proposal before this one, None at the first call. path: its accepted nodes, from the text's end on.
        hidden: for each depth that the drafter asked for, the target's hidden states [tokens, hidden size] of the
            tokens that became part of the text since the last call; at the first call, of the prompt.
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
    """Guesses how a text goes on. It asks for forwards of the engine's models as a decoding method does."""

    def __call__(self, context: DraftContext, /) -> Decoding[Proposal]: ...


@dataclass(frozen=True, slots=True)
class Drafter:
    """The drafter of one text.

    Args:
        propose: called before each pass of the target; a function of its context, with the last proposal's memory.
        length: depth of the trees that it proposes by default.
        hidden: depths of the target whose hidden states it needs, as in `Forward`. If it needs any, the prompt is
            computed anew even where the cache holds it.
    """

    propose: Propose
    length: int
    hidden: tuple[int, ...] = ()


class MakeDrafter(Protocol):
    """`def name(inputs, *, key, …) -> Drafter`; what follows the key are its options."""

    def __call__(self, inputs: DecodingInput, *, key: Key) -> Drafter: ...


def merged(paths: Sequence[Sequence[int]], memory: Any = None) -> Proposal:
    """Joins chains of chosen tokens into one tree that holds equal beginnings once; the first chain comes first."""
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
