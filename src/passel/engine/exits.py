"""Who of a pass has gone as deep as it will: tokens that leave early, and what is read off them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

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
        self._deciding = [
            (at, decides, torch.arange(span.start, span.stop, device=device))
            for at, (span, decides) in enumerate(given)
        ]
        self._going = torch.ones(tokens, dtype=torch.bool, device=device)
        self._left: list[tuple[Tensor, Tensor]] = []
        self._layers = layers
        self.goes: Tensor | None = None
        """Places of the tokens that go on, int64; None: all."""
        self._depths = torch.full((tokens,), layers)
        self.errors: dict[int, Exception] = {}
        """By place in `given`: what exits broke by; their tokens go on."""

    def after(self, depth: int, hidden: Tensor) -> None:
        """Asks who leaves after so many layers, of hidden states [tokens, hidden size]."""
        if depth == self._layers:
            return
        deciding, before = self._deciding, len(self._left)
        self._deciding = []
        for at, decides, places in deciding:
            try:
                stays = self._asked(decides, depth, places, hidden)
            except Exception as error:  # of a decoding method, and the others have no part in it
                self.errors[at] = error
                continue
            if len(stays):
                self._deciding.append((at, decides, stays))
        if len(self._left) > before:
            self.goes = self._going.nonzero().squeeze(1)

    def read(self, hidden: Tensor) -> Tensor:
        """The last states, with those of who left as the head is to read them."""
        if not self._left:
            return hidden
        read = hidden.clone()
        for places, states in self._left:
            read[places] = states
        return read

    def depths(self, span: slice) -> tuple[int, ...]:
        """Layers that each token of a span went through."""
        return tuple(cast(Any, self._depths[span]).tolist())

    def _asked(self, decides: Exit, depth: int, places: Tensor, hidden: Tensor) -> Tensor:
        """The places [tokens] of which some may leave; returns those that stay."""
        states = hidden if len(places) == len(hidden) else hidden[places]
        leaves = decides.leaves(depth, states)
        if not bool(leaves.any()):
            return places
        gone = places[leaves]
        self._left.append((gone, decides.state(depth, states[leaves]).to(hidden.dtype)))
        self._going[gone] = False
        self._depths[gone.cpu()] = depth
        return places[~leaves]
