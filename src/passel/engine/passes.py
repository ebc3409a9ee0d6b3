"""One run of the network: the rows that sample and the pieces of forwards, laid end to end and taken apart again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from passel.engine.batch import Piece, batch_of
from passel.engine.cache.pages import Ints
from passel.engine.exits import Exits
from passel.engine.pending import Pending
from passel.engine.side import Side

__all__ = ["Given", "Part", "Pass", "run"]


def _none() -> Ints:
    return np.empty(0, dtype=np.int32)


@dataclass(slots=True, eq=False)
class Pass:
    """What goes into a run. rows, tokens, slots: int32 [n], one new token in each of some branches; pieces: others."""

    rows: Ints = field(default_factory=_none)
    tokens: Ints = field(default_factory=_none)
    slots: Ints = field(default_factory=_none)
    pieces: list[tuple[Pending, Piece]] = field(default_factory=list[tuple[Pending, Piece]])

    def __bool__(self) -> bool:
        return bool(len(self.rows) or self.pieces)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What a run gave a piece.

    Args:
        logits: float32 [wanted tokens, vocabulary]. hidden: for each depth asked for.
        depths: layers that its tokens went through, and what its exit broke by, where it has one.
    """

    logits: Tensor
    hidden: tuple[Tensor, ...]
    depths: tuple[int, ...] = ()
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a run gave.

    Args:
        logits: [rows and wanted tokens of pieces, vocabulary], in order, in the model's own precision.
        parts: of each piece.
        tokens: that were computed.
    """

    logits: Tensor
    parts: list[Part]
    tokens: int


def run(side: Side, layers: int | None, given: Pass) -> Given:
    """Runs a pass, `layers` deep (None: all)."""
    network, cache = side.network, side.cache
    rows, pieces = given.rows, given.pieces
    wanted = {depth for pending, _ in pieces for depth in pending.ask.hidden}
    lengths = cache.length[rows]
    batch = batch_of(cache.slots, rows, lengths, given.tokens, given.slots, [piece for _, piece in pieces])
    depth = len(network.parts.layers) if layers is None else layers
    start, places = len(rows), [np.arange(len(rows))]
    spans: list[slice] = []
    for pending, piece in pieces:
        stop = start + len(piece.tokens)
        spans.append(slice(start, stop))
        places.append(np.arange(stop - pending.wanted_here(), stop))
        start = stop
    leaving = [(span, pending.ask.exit) for span, (pending, _) in zip(spans, pieces, strict=True) if pending.ask.exit]
    exits = Exits(leaving, start, depth, network.device) if leaving else None
    states = network.hidden(batch, layers=layers, wanted=wanted, exits=exits)
    last = states[depth]
    needed = np.concatenate(places)
    logits = network.logits(last if len(needed) == len(last) else last[torch.from_numpy(needed).to(last.device)])
    parts: list[Part] = []
    at, asked = len(rows), 0
    for (pending, _), span in zip(pieces, spans, strict=True):
        count = pending.wanted_here()
        found, hidden = logits[at : at + count].float(), tuple(states[depth][span] for depth in pending.ask.hidden)
        at += count
        if exits and pending.ask.exit:
            parts.append(Part(found, hidden, exits.depths(span), exits.errors.get(asked)))
            asked += 1
        else:
            parts.append(Part(found, hidden))
    return Given(logits, parts, len(batch.tokens))
