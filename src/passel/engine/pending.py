"""Forwards under way: long ones go through in chunks, and what the cache has already is not computed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from passel.engine.batch import Piece
from passel.engine.cache import Cache
from passel.engine.cache.pages import Ints
from passel.engine.forward import ALL, Forward, Output
from passel.engine.side import place

__all__ = ["Pending"]


@dataclass(slots=True, eq=False)
class Pending:
    """A forward, how far it has come, and whom to tell.

    `done` tokens of it are in the cache; `cached` of them were there before. `size` tokens are in the present pass.
    """

    ask: Forward
    deliver: Callable[[Output], None]
    done: int = 0
    cached: int = 0
    size: int = 0
    logits: list[Tensor] = field(default_factory=list[Tensor])
    hidden: list[tuple[Tensor, ...]] = field(default_factory=list[tuple[Tensor, ...]])
    depths: tuple[int, ...] = ()
    _reads: tuple[tuple[Ints, int], ...] = ()

    @property
    def model(self) -> int:
        """Which of the engine's models it is for."""
        return place(self.ask.branch)[0]

    @property
    def row(self) -> int:
        """The branch's row in that model's cache."""
        return place(self.ask.branch)[1]

    @property
    def left(self) -> int:
        """Tokens still to compute."""
        return len(self.ask.tokens) - self.done

    @property
    def wanted(self) -> int:
        """Last tokens whose logits are wanted."""
        count = len(self.ask.tokens)
        return count if self.ask.logits == ALL else min(self.ask.logits, count)

    def adopt(self, cache: Cache) -> None:
        """Takes over what is in the cache already, all but the tokens whose logits are wanted; at least one token is
        computed."""
        ask = self.ask
        spare = self.left - max(1, self.wanted)
        if spare > 0 and ask.plain and not ask.hidden:
            known = cache.adopt(self.row, ask.tokens[self.done : self.done + spare])
            self.done += known
            self.cached += known

    def look(self, cache: Cache) -> None:
        """Notes what the branches that it reads hold, before any forward of the present pass adds to them."""
        rows = [(place(read.branch)[1], read.at) for read in self.ask.reads]
        self._reads = tuple((cache.slots[row, : cache.length[row]].copy(), at) for row, at in rows)

    def piece(self, cache: Cache, most: int) -> Piece:
        """The next tokens, at most so many, put into the cache. Raises Full. A tree goes whole, and so do tokens that
        all see each other."""
        ask, row = self.ask, self.row
        size = self.left if ask.full or ask.parents is not None else min(self.left, most)
        before = int(cache.length[row])
        stop = self.done + size
        tokens = ask.tokens[self.done : stop]
        slots = cache.extend(row, None if ask.embeddings is not None or not ask.plain else tokens, size)
        self.size = size
        return Piece(
            np.asarray(tokens, dtype=np.int32),
            self._positions(before),
            slots,
            cache.slots[row, :before].copy(),
            None if ask.embeddings is None else ask.embeddings[self.done : stop],
            ask.parents,
            self._reads,
            ask.full,
        )

    def wanted_here(self) -> int:
        """How many of the present pass's last tokens have their logits wanted."""
        first = len(self.ask.tokens) - self.wanted
        return max(0, self.done + self.size - max(first, self.done))

    def take(self, cache: Cache, logits: Tensor, hidden: tuple[Tensor, ...], depths: tuple[int, ...]) -> bool:
        """What the pass gave; whether the forward is complete, and told."""
        self.done += self.size
        if self.size > 1 and self.ask.plain:
            cache.commit(self.row)
        if len(logits):
            self.logits.append(logits)
        if self.ask.hidden:
            self.hidden.append(hidden)
        self.depths += depths
        if self.left:
            return False
        whole = torch.cat(self.logits) if len(self.logits) > 1 else self.logits[0] if self.logits else logits
        states = tuple(torch.cat(parts) for parts in zip(*self.hidden, strict=True))
        self.deliver(Output(whole, states, self.cached, self.depths))
        return True

    def _positions(self, before: int) -> np.ndarray:
        ask = self.ask
        stop = self.done + self.size
        if ask.positions is not None:
            return np.asarray(ask.positions[self.done : stop], dtype=np.int32)
        if ask.parents is None:
            return np.arange(before, before + self.size, dtype=np.int32)
        depth: list[int] = []
        for parent in ask.parents:
            depth.append(0 if parent < 0 else depth[parent] + 1)
        return np.asarray(depth, dtype=np.int32) + before
