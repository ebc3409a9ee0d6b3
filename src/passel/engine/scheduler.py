"""What goes into the next pass: all rows that sample, all forwards that decoding methods wait for, in one batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from passel.engine.cache import PAGE, Cache, Full
from passel.engine.cache.pages import Ints
from passel.engine.constraints import Constraints
from passel.engine.draws import Completion, Draw, Ended
from passel.engine.flows import Flow
from passel.engine.forward import Forward, Output
from passel.engine.passes import Pass, run
from passel.engine.pending import Pending
from passel.engine.sequences import Sequences, Text
from passel.engine.side import Side

__all__ = ["EngineFull", "Scheduler", "Tally"]

_NONE: Ints = np.empty(0, dtype=np.int32)


class EngineFull(Exception):
    """What was asked for needs more of the cache than there is."""


@dataclass(slots=True)
class Tally:
    """What has been done so far.

    Args:
        ticks: times that the network ran. rows: rows that sampled, over all of them.
        computed: tokens that went through the network. cached: tokens that did not have to.
        put_back: rows given up for want of room and computed again later.
    """

    ticks: int = 0
    rows: int = 0
    computed: int = 0
    cached: int = 0
    put_back: int = 0


@dataclass(slots=True, eq=False)
class _Waiting:
    """Texts with a common beginning that have no row yet."""

    tokens: tuple[int, ...]
    texts: list[Text]


class Scheduler:
    """Decides what runs. One thread at a time.

    Args:
        sides: the engine's own model, and those beside it.
        context: tokens of a branch at most. chunk: tokens of long forwards in one tick. rows: that sample at once.
        constraints: of the tokenizer, where draws are to have any.
    """

    def __init__(
        self, sides: Sequence[Side], *, context: int, chunk: int, rows: int, constraints: Constraints | None = None
    ) -> None:
        self.sides, self._constraints = sides, constraints
        self.tally = Tally()
        self._context, self._chunk, self._most = context, chunk, rows
        self._sequences = Sequences(sides[0].network.device, constraints)
        self._waiting: deque[_Waiting] = deque()
        self._pending: list[Pending] = []
        self._prefills: dict[Pending, _Waiting] = {}
        self._flows: list[Flow] = []

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self._waiting or self._pending or self._flows or len(self._sequences))

    @property
    def cache(self) -> Cache:
        """That of the engine's own model."""
        return self.sides[0].cache

    def draw(self, draws: Sequence[Draw]) -> None:
        """Texts to draw; those of one prompt share their beginning from the start."""
        by_prompt: dict[tuple[int, ...], list[Text]] = {}
        for one in draws:
            by_prompt.setdefault(one.prompt, []).append(Text(one))
        self._waiting.extend(_Waiting(prompt, texts) for prompt, texts in by_prompt.items())

    def start(self, flow: Flow) -> None:
        """A decoding method to run."""
        flow.context = self._context
        self._flows.append(flow)
        self._advance()

    @torch.inference_mode()
    def tick(self) -> None:
        """One step of everything that can go on."""
        self._cancel()
        self._admit()
        passes: dict[tuple[int, int | None], Pass] = {(0, None): self._go_on()}
        for pending in self._chosen():
            try:
                piece = pending.piece(self.sides[pending.model].cache, max(self._chunk, PAGE))
            except Full:
                continue
            at = (pending.model, pending.ask.layers)
            passes.setdefault(at, Pass()).pieces.append((pending, piece))
        if not any(passes.values()):
            self._stuck()
        for (model, layers), one in passes.items():
            if one:
                self._run(self.sides[model], layers, one)
        self._advance()

    def end(self, error: BaseException) -> None:
        """Ends everything by an error, where going on makes no sense."""
        for flow in self._flows:
            flow.throw(self.sides, error)
        texts = [text for entry in (*self._waiting, *self._prefills.values()) for text in entry.texts]
        _end([*texts, *self._sequences.texts], "failed")
        self._sequences = Sequences(self.sides[0].network.device, self._constraints)
        self._waiting.clear()
        self._prefills.clear()
        self._pending, self._flows = [], []

    def _run(self, side: Side, layers: int | None, one: Pass) -> None:
        given = run(side, layers, one)
        self.tally.ticks += 1
        self.tally.rows += len(one.rows)
        self.tally.computed += given.tokens
        rows, logits = [one.rows], [given.logits[: len(one.rows)]]
        broken: list[tuple[Pending, Exception]] = []
        for (pending, _), part in zip(one.pieces, given.parts, strict=True):
            if part.error:
                broken.append((pending, part.error))
                continue
            if not pending.take(side.cache, part.logits, part.hidden, part.depths):
                continue
            self._pending.remove(pending)
            if entry := self._prefills.pop(pending, None):
                self._join(pending, entry)
                rows.append(np.asarray([pending.row], dtype=np.int32))
                logits.append(part.logits[-1:].to(given.logits.dtype))
        for pending, error in broken:
            if pending in self._pending:
                self._forget(self._flow_of(pending), error)
        sampled = np.concatenate(rows)
        if len(sampled):
            whole = given.logits if len(sampled) == len(given.logits) else torch.cat(logits)
            self._sequences.draw(whole, sampled, self.cache)

    def _join(self, pending: Pending, entry: _Waiting) -> None:
        for at, text in enumerate(entry.texts):
            if not text.drawn:
                text.cached = len(text.draw.prompt) if at else pending.cached
        self._sequences.join(pending.row, entry.texts, self._context - len(entry.tokens))

    def _go_on(self) -> Pass:
        """One more token in every row that samples; rows are put back until the others have room."""
        while len(self._sequences):
            rows, tokens = self._sequences.rows()
            try:
                return Pass(rows, tokens, self.cache.append(rows, tokens))
            except Full:
                if len(rows) == 1 and not self._prefills and not self._flows:
                    self._sequences.end_all(self.cache, "memory")
                    continue
                self.tally.put_back += 1
                put_back = self._sequences.put_back(self.cache)
                self._waiting.extendleft(_Waiting(tokens, texts) for tokens, texts in put_back)
        return Pass()

    def _chosen(self) -> list[Pending]:
        """The forwards of this tick, once for each beginning that several of them share, and no more than a chunk."""
        room, marks = self._chunk, set[tuple[int, int, int]]()
        chosen: list[Pending] = []
        for pending in self._pending:
            cache = self.sides[pending.model].cache
            pending.look(cache)
            if pending.left > PAGE and pending.ask.plain:
                before = pending.done
                pending.adopt(cache)
                self.tally.cached += pending.done - before
                mark = (pending.model, *cache.shares(pending.row, int(pending.ask.tokens[pending.done])))
                if mark in marks:
                    continue  # another computes the same beginning just now, and this one will find it
                marks.add(mark)
            if pending.left <= PAGE or room > 0:
                chosen.append(pending)
                room -= min(pending.left, self._chunk)
        return chosen

    def _admit(self) -> None:
        """Gives rows to texts that wait, as long as there are rows and pages for their beginning."""
        while self._waiting and len(self._prefills) + len(self._sequences) < self._most:
            entry = self._waiting[0]
            entry.texts = _wanted(entry.texts)
            if (len(self._sequences) or self._prefills) and not self._fits(len(entry.tokens)):
                return
            self._waiting.popleft()
            if len(entry.tokens) >= self._context:
                _end(entry.texts, "length")
            elif entry.texts:
                pending = Pending(Forward(self.cache.open(), entry.tokens), _nothing)
                self._prefills[pending] = entry
                self._pending.append(pending)

    def _fits(self, tokens: int) -> bool:
        under_way = sum(pending.left for pending in self._pending if not pending.model) + tokens
        try:
            self.cache.need(under_way // PAGE + 1 + len(self._sequences))
        except Full:
            return False
        return True

    def _stuck(self) -> None:
        """Nothing could go on: what asked last gets an error, so that the others have room."""
        if not self._pending:
            return
        pending = self._pending[-1]
        if entry := self._prefills.pop(pending, None):
            self._pending.remove(pending)
            self.cache.drop(pending.row)
            _end(entry.texts, "memory")
            return
        error = EngineFull("the engine's cache is too small for this; give it more memory")
        self._forget(self._flow_of(pending), error)

    def _flow_of(self, pending: Pending) -> Flow:
        """The decoding method that waits for a forward."""
        return next(flow for flow in self._flows if pending.ask.branch in flow.branches)

    def _cancel(self) -> None:
        self._sequences.cancel(self.cache)
        for pending, entry in list(self._prefills.items()):
            entry.texts = _wanted(entry.texts)
            if not entry.texts:
                del self._prefills[pending]
                self._pending.remove(pending)
                self.cache.drop(pending.row)
        for flow in [flow for flow in self._flows if flow.cancelled]:
            self._forget(flow, InterruptedError("cancelled"))

    def _forget(self, flow: Flow, error: BaseException) -> None:
        self._pending = [one for one in self._pending if one.ask.branch not in flow.branches]
        flow.throw(self.sides, error)
        self._flows.remove(flow)

    def _advance(self) -> None:
        """Decoding methods whose forwards are all done ask for their next ones."""
        for flow in self._flows:
            self._pending += flow.advance(self.sides)
        self._flows = [flow for flow in self._flows if not flow.ended]


def _nothing(_: Output) -> None:
    """A prefill's logits are taken where it is joined to the texts that wait for it."""


def _wanted(texts: list[Text]) -> list[Text]:
    _end([text for text in texts if text.draw.cancelled], "cancelled")
    return [text for text in texts if not text.draw.cancelled]


def _end(texts: Sequence[Text], why: Ended) -> None:
    for text in texts:
        if text.draw.done:
            text.draw.done(Completion(tuple(text.drawn), why, text.cached, tuple(text.logprobs)))
