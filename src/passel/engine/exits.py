"""Who of a pass has gone as deep as it will: tokens that leave early, and what is read off them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from passel.engine.forward import Exit

__all__ = ["Exits"]


class Exits:
    """The exits of a pass's pieces.

    Args:
        given: the tokens of a piece in the pass, and who decides for them.
        tokens: of the pass. layers: that those go through who do not leave.
    """

    def __init__(self, given: Sequence[tuple[slice, Exit]], tokens: int, layers: int, device: torch.device) -> None:
        self._given, self._layers = given, layers
        self._goes = torch.ones(tokens, dtype=torch.bool, device=device)
        self._left: list[tuple[Tensor, Tensor]] = []
        self.depths = torch.full((tokens,), layers)
        """Layers that each token went through."""

    @property
    def goes(self) -> Tensor | None:
        """Places of the tokens that go on, int64; None: all."""
        return None if not self._left else self._goes.nonzero().squeeze(1)

    def after(self, depth: int, hidden: Tensor) -> None:
        """Asks who leaves after so many layers, of hidden states [tokens, hidden size]."""
        if depth == self._layers:
            return
        for span, decides in self._given:
            places = self._goes[span].nonzero().squeeze(1) + span.start
            if not len(places):
                continue
            states = hidden[places]
            leaves = decides.leaves(depth, states)
            if not bool(leaves.any()):
                continue
            places = places[leaves]
            self._goes[places] = False
            self._left.append((places, decides.state(depth, states[leaves]).to(hidden.dtype)))
            self.depths[places.cpu()] = depth

    def read(self, hidden: Tensor) -> Tensor:
        """The last states, with those of who left as the head is to read them."""
        if not self._left:
            return hidden
        read = hidden.clone()
        for places, states in self._left:
            read[places] = states
        return read
