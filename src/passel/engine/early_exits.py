"""Tokens of a pass that leave before the last layer, and the states that the head reads of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from passel.engine.requests import ExitRule

__all__ = ["EarlyExits"]


class EarlyExits:
    """The exit rules of a pass's pieces.

    Args:
        rules: the tokens of a piece in the pass, and the rule that decides for them.
        tokens: of the pass. layers: that the tokens go through which do not leave.
    """

    def __init__(self, rules: Sequence[tuple[slice, ExitRule]], tokens: int, layers: int, device: torch.device) -> None:
        self._deciding = [
            (index, rule, torch.arange(span.start, span.stop, device=device))
            for index, (span, rule) in enumerate(rules)
        ]
        self._going = torch.ones(tokens, dtype=torch.bool, device=device)
        self._left: list[tuple[Tensor, Tensor]] = []
        self._layers = layers
        self.going_on: Tensor | None = None
        """Places of the tokens that go on, int64; None: all."""
        self._depths = torch.full((tokens,), layers)
        self.errors: dict[int, Exception] = {}
        """Exceptions that rules raised, by index in `rules`; the tokens of these rules go on."""

    def after(self, depth: int, hidden: Tensor) -> None:
        """Lets the rules decide after `depth` layers, by the hidden states [tokens, hidden size]."""
        if depth == self._layers:
            return
        deciding, before = self._deciding, len(self._left)
        self._deciding = []
        for index, rule, places in deciding:
            try:
                staying = self._apply(rule, depth, places, hidden)
            except Exception as error:  # of one decoding method: the other methods go on
                self.errors[index] = error
                continue
            if len(staying):
                self._deciding.append((index, rule, staying))
        if len(self._left) > before:
            self.going_on = self._going.nonzero().squeeze(1)

    def read(self, hidden: Tensor) -> Tensor:
        """Returns the last states; those of tokens that left are as the head reads them."""
        if not self._left:
            return hidden
        read = hidden.clone()
        for places, states in self._left:
            read[places] = states
        return read

    def depths(self, span: slice) -> tuple[int, ...]:
        """Returns the number of layers that each token of a span went through."""
        return tuple(cast(Any, self._depths[span]).tolist())

    def _apply(self, rule: ExitRule, depth: int, places: Tensor, hidden: Tensor) -> Tensor:
        """Lets a rule decide for the tokens at `places`; returns the places of those that stay."""
        states = hidden if len(places) == len(hidden) else hidden[places]
        leaves = rule.leaves(depth, states)
        if not bool(leaves.any()):
            return places
        gone = places[leaves]
        self._left.append((gone, rule.state(depth, states[leaves]).to(hidden.dtype)))
        self._going[gone] = False
        self._depths[gone.cpu()] = depth
        return places[~leaves]
