"""One run of the network: the rows that sample and the pieces of forwards, laid end to end and taken apart again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from passel.engine.batch import Piece, batch_of
from passel.engine.cache.pages import Ints
from passel.engine.cached_network import CachedNetwork
from passel.engine.early_exits import EarlyExits
from passel.engine.pending_forward import PendingForward

__all__ = ["Pass", "PassOutput", "PieceOutput", "run"]


def _none() -> Ints:
    return np.empty(0, dtype=np.int32)


@dataclass(slots=True, eq=False)
class Pass:
    """The input of a run.

    Args:
        rows, tokens, slots: int32 [n]: one new token in each of some branches.
        pieces: of forwards.
    """

    rows: Ints = field(default_factory=_none)
    tokens: Ints = field(default_factory=_none)
    slots: Ints = field(default_factory=_none)
    pieces: list[tuple[PendingForward, Piece]] = field(default_factory=list[tuple[PendingForward, Piece]])

    def __bool__(self) -> bool:
        return bool(len(self.rows) or self.pieces)


@dataclass(frozen=True, slots=True, eq=False)
class PieceOutput:
    """The result of a run for one piece.

    Args:
        logits: float32 [wanted tokens, vocabulary]. hidden: for each depth requested.
        depths: layers that its tokens went through, where it has an exit rule. error: that the rule raised.
    """

    logits: Tensor
    hidden: tuple[Tensor, ...]
    depths: tuple[int, ...] = ()
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PassOutput:
    """The result of a run.

    Args:
        logits: [rows and wanted tokens of pieces, vocabulary], in order, in the model's own precision.
        pieces: the result for each piece.
        tokens: number of tokens that were computed.
    """

    logits: Tensor
    pieces: list[PieceOutput]
    tokens: int


def run(model: CachedNetwork, layers: int | None, inputs: Pass) -> PassOutput:
    """Runs a pass, `layers` deep (None: all)."""
    network, cache = model.network, model.cache
    rows, pieces = inputs.rows, inputs.pieces
    wanted = {depth for pending, _ in pieces for depth in pending.request.hidden}
    lengths = cache.length[rows]
    batch = batch_of(cache.slots, rows, lengths, inputs.tokens, inputs.slots, [piece for _, piece in pieces])
    depth = len(network.parts.layers) if layers is None else layers
    start, places = len(rows), [np.arange(len(rows))]
    spans: list[slice] = []
    for pending, piece in pieces:
        stop = start + len(piece.tokens)
        spans.append(slice(start, stop))
        places.append(np.arange(stop - pending.logits_in_pass(), stop))
        start = stop
    rules = [
        (span, pending.request.exit) for span, (pending, _) in zip(spans, pieces, strict=True) if pending.request.exit
    ]
    exits = EarlyExits(rules, start, depth, network.device) if rules else None
    states = network.hidden(batch, layers=layers, wanted=wanted, exits=exits)
    last = states[depth]
    needed = np.concatenate(places)
    logits = network.logits(last if len(needed) == len(last) else last[torch.from_numpy(needed).to(last.device)])
    outputs: list[PieceOutput] = []
    at, rule = len(rows), 0
    for (pending, _), span in zip(pieces, spans, strict=True):
        count = pending.logits_in_pass()
        piece_logits = logits[at : at + count].float()
        hidden = tuple(states[depth][span] for depth in pending.request.hidden)
        at += count
        if exits and pending.request.exit:
            outputs.append(PieceOutput(piece_logits, hidden, exits.depths(span), exits.errors.get(rule)))
            rule += 1
        else:
            outputs.append(PieceOutput(piece_logits, hidden))
    return PassOutput(logits, outputs, len(batch.tokens))
