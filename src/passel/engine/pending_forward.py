"""Forwards under way: long forwards go through in chunks, and tokens already in the cache are not computed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from passel.engine.batch import Piece
from passel.engine.cache import Cache
from passel.engine.cache.pages import Ints
from passel.engine.cached_network import model_and_row
from passel.engine.requests import ALL, Forward, Output

__all__ = ["PendingForward"]


@dataclass(slots=True, eq=False)
class PendingForward:
    """A forward that is not complete yet.

    Args:
        request: the forward.
        on_done: called with its output.
        done: tokens of it in the cache. cached: those of them that were there before. size: tokens in the present pass.
    """

    request: Forward
    on_done: Callable[[Output], None]
    done: int = 0
    cached: int = 0
    size: int = 0
    logits: list[Tensor] = field(default_factory=list[Tensor])
    hidden: list[tuple[Tensor, ...]] = field(default_factory=list[tuple[Tensor, ...]])
    depths: tuple[int, ...] = ()
    _reads: tuple[tuple[Ints, int], ...] = ()

    @property
    def model(self) -> int:
        """The number of its model in the engine."""
        return model_and_row(self.request.branch)[0]

    @property
    def row(self) -> int:
        """The branch's row in that model's cache."""
        return model_and_row(self.request.branch)[1]

    @property
    def left(self) -> int:
        """Tokens still to compute."""
        return len(self.request.tokens) - self.done

    @property
    def logits_wanted(self) -> int:
        """Number of last tokens whose logits are wanted."""
        count = len(self.request.tokens)
        return count if self.request.logits == ALL else min(self.request.logits, count)

    def adopt(self, cache: Cache) -> None:
        """Takes over tokens that are in the cache already, except those whose logits are wanted; at least one token is
        computed."""
        request = self.request
        spare = self.left - max(1, self.logits_wanted)
        if spare > 0 and request.plain and not request.hidden:
            known = cache.adopt(self.row, request.tokens[self.done : self.done + spare])
            self.done += known
            self.cached += known

    def note_reads(self, cache: Cache) -> None:
        """Notes the slots of the branches that it reads, before any forward of the present pass adds to them."""
        rows = [(model_and_row(read.branch)[1], read.at) for read in self.request.reads]
        self._reads = tuple((cache.slots[row, : cache.length[row]].copy(), at) for row, at in rows)

    def piece(self, cache: Cache, max_tokens: int) -> Piece:
        """Puts the next tokens, at most `max_tokens`, into the cache and returns them. A tree is not cut, nor are
        tokens that all see each other. Raises Full."""
        request, row = self.request, self.row
        size = self.left if request.full or request.parents is not None else min(self.left, max_tokens)
        before = int(cache.length[row])
        stop = self.done + size
        tokens = request.tokens[self.done : stop]
        slots = cache.extend(row, None if request.embeddings is not None or not request.plain else tokens, size)
        self.size = size
        return Piece(
            np.asarray(tokens, dtype=np.int32),
            self._positions(before),
            slots,
            cache.slots[row, :before].copy(),
            None if request.embeddings is None else request.embeddings[self.done : stop],
            request.parents,
            self._reads,
            request.full,
        )

    def logits_in_pass(self) -> int:
        """Returns how many of the present pass's last tokens have their logits wanted."""
        first = len(self.request.tokens) - self.logits_wanted
        return max(0, self.done + self.size - max(first, self.done))

    def finish_pass(self, cache: Cache, logits: Tensor, hidden: tuple[Tensor, ...], depths: tuple[int, ...]) -> bool:
        """Takes the results of the present pass. Returns whether the forward is complete, and its output delivered."""
        self.done += self.size
        if self.size > 1 and self.request.plain:
            cache.commit(self.row)
        if len(logits):
            self.logits.append(logits)
        if self.request.hidden:
            self.hidden.append(hidden)
        self.depths += depths
        if self.left:
            return False
        whole = torch.cat(self.logits) if len(self.logits) > 1 else self.logits[0] if self.logits else logits
        states = tuple(torch.cat(parts) for parts in zip(*self.hidden, strict=True))
        self.on_done(Output(whole, states, self.cached, self.depths))
        return True

    def _positions(self, before: int) -> np.ndarray:
        request = self.request
        stop = self.done + self.size
        if request.positions is not None:
            return np.asarray(request.positions[self.done : stop], dtype=np.int32)
        if request.parents is None:
            return np.arange(before, before + self.size, dtype=np.int32)
        depth: list[int] = []
        for parent in request.parents:
            depth.append(0 if parent < 0 else depth[parent] + 1)
        return np.asarray(depth, dtype=np.int32) + before
