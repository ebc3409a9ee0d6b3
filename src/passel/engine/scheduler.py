"""Decides what goes into the next pass: all rows that sample and all forwards that decoding methods wait for, in one
batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from passel.engine.cache import PAGE, Cache, Full
from passel.engine.cached_network import CachedNetwork
from passel.engine.constraints import Constraints
from passel.engine.passes import Pass, run
from passel.engine.pending_forward import PendingForward
from passel.engine.requests import Forward, Output
from passel.engine.running import RunningDecoding
from passel.engine.sample_requests import Completion, Ended, SampleRequest
from passel.engine.sequences import Sequences, Text

__all__ = ["EngineFull", "Scheduler", "Tally"]


class EngineFull(Exception):
    """A request needs more of the cache than there is."""


@dataclass(slots=True)
class Tally:
    """What the engine has done so far.

    Args:
        ticks: runs of the network. rows: rows that sampled, over all runs.
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
    """Decides what runs. For one thread at a time.

    Args:
        models: the engine's own model, and its other models.
        context: most tokens of a branch. chunk: most tokens of long forwards in one tick. rows: most rows that sample
            at once.
        constraints: of the tokenizer, where sample requests are to have any.
    """

    def __init__(
        self,
        models: Sequence[CachedNetwork],
        *,
        context: int,
        chunk: int,
        rows: int,
        constraints: Constraints | None = None,
    ) -> None:
        self.models, self._constraints = models, constraints
        self.tally = Tally()
        self._context, self._chunk, self._max_rows = context, chunk, rows
        self._sequences = Sequences(models[0].network.device, constraints)
        self._waiting: deque[_Waiting] = deque()
        self._pending: list[PendingForward] = []
        self._prefills: dict[PendingForward, _Waiting] = {}
        self._decodings: list[RunningDecoding] = []

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self._waiting or self._pending or self._decodings or len(self._sequences))

    @property
    def cache(self) -> Cache:
        """The cache of the engine's own model."""
        return self.models[0].cache

    def sample(self, requests: Sequence[SampleRequest]) -> None:
        """Takes in texts to sample; texts of one prompt share their beginning from the start."""
        by_prompt: dict[tuple[int, ...], list[Text]] = {}
        for request in requests:
            by_prompt.setdefault(request.prompt, []).append(Text(request))
        self._waiting.extend(_Waiting(prompt, texts) for prompt, texts in by_prompt.items())

    def start(self, decoding: RunningDecoding) -> None:
        """Takes in a decoding method to run."""
        decoding.context = self._context
        self._decodings.append(decoding)
        self._advance()

    @torch.inference_mode()
    def tick(self) -> None:
        """Takes one step of everything that can go on."""
        self._cancel()
        self._admit()
        passes: dict[tuple[int, int | None], Pass] = {(0, None): self._go_on()}
        for pending in self._chosen():
            try:
                piece = pending.piece(self.models[pending.model].cache, max(self._chunk, PAGE))
            except Full:
                continue
            at = (pending.model, pending.request.layers)
            passes.setdefault(at, Pass()).pieces.append((pending, piece))
        if not any(passes.values()):
            self._stuck()
        for (model, layers), inputs in passes.items():
            if inputs:
                self._run(self.models[model], layers, inputs)
        self._advance()

    def end(self, error: BaseException) -> None:
        """Ends all texts and decoding methods by an error."""
        for decoding in self._decodings:
            decoding.throw(self.models, error)
        texts = [text for entry in (*self._waiting, *self._prefills.values()) for text in entry.texts]
        _end([*texts, *self._sequences.texts], "failed")
        self._sequences = Sequences(self.models[0].network.device, self._constraints)
        self._waiting.clear()
        self._prefills.clear()
        self._pending, self._decodings = [], []

    def _run(self, model: CachedNetwork, layers: int | None, inputs: Pass) -> None:
        output = run(model, layers, inputs)
        self.tally.ticks += 1
        self.tally.rows += len(inputs.rows)
        self.tally.computed += output.tokens
        rows, logits = [inputs.rows], [output.logits[: len(inputs.rows)]]
        failed: list[tuple[PendingForward, Exception]] = []
        for (pending, _), piece in zip(inputs.pieces, output.pieces, strict=True):
            if piece.error:
                failed.append((pending, piece.error))
                continue
            if not pending.finish_pass(model.cache, piece.logits, piece.hidden, piece.depths):
                continue
            self._pending.remove(pending)
            if entry := self._prefills.pop(pending, None):
                self._join(pending, entry)
                rows.append(np.asarray([pending.row], dtype=np.int32))
                logits.append(piece.logits[-1:].to(output.logits.dtype))
        for pending, error in failed:
            if pending in self._pending:
                self._forget(self._decoding_of(pending), error)
        sampled = np.concatenate(rows)
        if len(sampled):
            whole = output.logits if len(sampled) == len(output.logits) else torch.cat(logits)
            self._sequences.sample(whole, sampled, self.cache)

    def _join(self, pending: PendingForward, entry: _Waiting) -> None:
        for index, text in enumerate(entry.texts):
            if not text.tokens:
                text.cached = len(text.request.prompt) if index else pending.cached
        self._sequences.join(pending.row, entry.texts, self._context - len(entry.tokens))

    def _go_on(self) -> Pass:
        """Returns a pass of one more token in every row that samples; rows are put back until the others have room."""
        while len(self._sequences):
            rows, tokens = self._sequences.rows()
            try:
                return Pass(rows, tokens, self.cache.append(rows, tokens))
            except Full:
                if len(rows) == 1 and not self._prefills and not self._decodings:
                    self._sequences.end_all(self.cache, "memory")
                    continue
                self.tally.put_back += 1
                put_back = self._sequences.put_back(self.cache)
                self._waiting.extendleft(_Waiting(tokens, texts) for tokens, texts in put_back)
        return Pass()

    def _chosen(self) -> list[PendingForward]:
        """Returns the forwards of this tick: one for each beginning that several of them share, a chunk in all."""
        room, computing = self._chunk, set[tuple[int, int, int]]()
        chosen: list[PendingForward] = []
        for pending in self._pending:
            cache = self.models[pending.model].cache
            pending.note_reads(cache)
            if pending.left > PAGE and pending.request.plain:
                before = pending.done
                pending.adopt(cache)
                self.tally.cached += pending.done - before
                beginning = (pending.model, *cache.shares(pending.row, int(pending.request.tokens[pending.done])))
                if beginning in computing:
                    continue  # another forward computes the same beginning in this tick; this one will adopt it
                computing.add(beginning)
            if pending.left <= PAGE or room > 0:
                chosen.append(pending)
                room -= min(pending.left, self._chunk)
        return chosen

    def _admit(self) -> None:
        """Gives rows to texts that wait, as long as there are rows and pages for their beginning."""
        while self._waiting and len(self._prefills) + len(self._sequences) < self._max_rows:
            entry = self._waiting[0]
            entry.texts = _still_wanted(entry.texts)
            if (len(self._sequences) or self._prefills) and not self._fits(len(entry.tokens)):
                return
            self._waiting.popleft()
            if len(entry.tokens) >= self._context:
                _end(entry.texts, "length")
            elif entry.texts:
                pending = PendingForward(Forward(self.cache.open(), entry.tokens), _ignore)
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
        """Ends the latest request with an error, where nothing can go on, so that the others have room."""
        if not self._pending:
            return
        pending = self._pending[-1]
        if entry := self._prefills.pop(pending, None):
            self._pending.remove(pending)
            self.cache.drop(pending.row)
            _end(entry.texts, "memory")
            return
        error = EngineFull("the engine's cache is too small for this; give it more memory")
        self._forget(self._decoding_of(pending), error)

    def _decoding_of(self, pending: PendingForward) -> RunningDecoding:
        """Returns the decoding method that waits for a forward."""
        return next(decoding for decoding in self._decodings if pending.request.branch in decoding.branches)

    def _cancel(self) -> None:
        self._sequences.cancel(self.cache)
        for pending, entry in list(self._prefills.items()):
            entry.texts = _still_wanted(entry.texts)
            if not entry.texts:
                del self._prefills[pending]
                self._pending.remove(pending)
                self.cache.drop(pending.row)
        for decoding in [decoding for decoding in self._decodings if decoding.cancelled]:
            self._forget(decoding, InterruptedError("cancelled"))

    def _forget(self, decoding: RunningDecoding, error: BaseException) -> None:
        self._pending = [pending for pending in self._pending if pending.request.branch not in decoding.branches]
        decoding.throw(self.models, error)
        self._decodings.remove(decoding)

    def _advance(self) -> None:
        """Runs the decoding methods whose forwards are all complete up to their next forwards."""
        for decoding in self._decodings:
            self._pending += decoding.advance(self.models)
        self._decodings = [decoding for decoding in self._decodings if not decoding.ended]


def _ignore(_: Output) -> None:
    """A prefill's logits are taken where it joins the texts that wait for it."""


def _still_wanted(texts: list[Text]) -> list[Text]:
    """Ends the texts that were cancelled, and returns the others."""
    _end([text for text in texts if text.request.cancelled], "cancelled")
    return [text for text in texts if not text.request.cancelled]


def _end(texts: Sequence[Text], why: Ended) -> None:
    for text in texts:
        if text.request.on_done:
            text.request.on_done(Completion(tuple(text.tokens), why, text.cached, tuple(text.logprobs)))
