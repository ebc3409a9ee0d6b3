"""Samples many texts at once, in rows of arrays, without generators. Texts that are alike so far share one row of the
cache, and are computed once, until they part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passel.engine.cache import Cache
from passel.engine.cache.pages import Ints
from passel.engine.constraints import Constraints
from passel.engine.sample_requests import Completion, Ended, SampleRequest, TokenLogprobs
from passel.engine.sampling import Logprobs, Rows, Transform, sample, uniforms

__all__ = ["Sequences", "Text"]


@dataclass(slots=True, eq=False)
class Text:
    """A text under way. `tokens`: its tokens so far, of a text that was put back and is not in the arrays."""

    request: SampleRequest
    cached: int = 0
    tokens: list[int] = field(default_factory=list[int])
    logprobs: list[TokenLogprobs] = field(default_factory=list[TokenLogprobs])


class Sequences:
    """The texts that have a row in the cache, with the arrays that the next step needs."""

    def __init__(self, device: torch.device, constraints: Constraints | None = None) -> None:
        self._device, self._constraints = device, constraints
        self.texts: list[Text] = []
        self._row = np.empty(0, dtype=np.int32)
        self._seed = np.empty(0, dtype=np.uint64)
        self._step = np.empty(0, dtype=np.int64)
        self._limit = np.empty(0, dtype=np.int64)
        self._tokens = np.empty((0, 64), dtype=np.int32)
        self._rows: Rows | None = None
        self._busy: list[int] = []  # places of the texts with a constraint or a callback
        self._ends: Ints = np.empty(0, dtype=np.int32)

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self) -> tuple[Ints, Ints]:
        """Returns the rows of the cache that go on, and the last token of each."""
        rows, first = np.unique(self._row, return_index=True)
        return rows, self._tokens[first, self._step[first] - 1]

    def join(self, row: int, texts: Sequence[Text], room: int) -> None:
        """Adds texts whose common beginning (prompt and sampled tokens) is in a row. `room`: tokens that fit after
        it."""
        count = len(texts)
        self._row = np.concatenate((self._row, np.full(count, row, dtype=np.int32)))
        self._seed = np.concatenate((self._seed, np.asarray([text.request.seed for text in texts], dtype=np.uint64)))
        steps = np.asarray([len(text.tokens) for text in texts], dtype=np.int64)
        limits = [min(text.request.sampling.max_tokens or room, len(text.tokens) + room) for text in texts]
        self._step = np.concatenate((self._step, steps))
        self._limit = np.concatenate((self._limit, np.asarray(limits, dtype=np.int64)))
        wide = max(self._tokens.shape[1], int(steps.max()) + 1)
        fresh = np.zeros((len(self.texts) + count, wide), dtype=np.int32)
        fresh[: len(self.texts), : self._tokens.shape[1]] = self._tokens
        for place, text in enumerate(texts, len(self.texts)):
            fresh[place, : len(text.tokens)] = text.tokens
        self._tokens = fresh
        self.texts += texts
        requests = [text.request for text in texts]
        rows = Rows.of(
            [request.sampling for request in requests],
            prompts=[request.prompt for request in requests],
            answers=[text.tokens for text in texts],
            device=self._device,
        )
        self._rows = self._rows.append(rows) if self._rows else rows
        self._changed()

    def sample(self, logits: Tensor, rows: Ints, cache: Cache) -> None:
        """Samples the next token of every text. Texts that end leave, texts that part get a row of their own.

        Args:
            logits: [rows, vocabulary], of the rows named.
        """
        tokens = self._sampled(logits, rows)
        places = np.arange(len(self.texts))
        if int(self._step.max()) >= self._tokens.shape[1]:
            self._tokens = np.pad(self._tokens, ((0, 0), (0, self._tokens.shape[1])))
        self._tokens[places, self._step] = tokens
        self._step += 1
        ended = self._ended(tokens)
        before = self._row
        if ended:
            self._leave(ended)
        self._part(cache, before)

    def put_back(self, cache: Cache) -> list[tuple[tuple[int, ...], list[Text]]]:
        """Frees the row that joined last; returns its texts, by the tokens that they share."""
        row = int(self._row[-1])
        places = np.flatnonzero(self._row == row)
        tokens: dict[tuple[int, ...], list[Text]] = {}
        for place in places:
            text = self.texts[place]
            text.tokens = self._tokens[place, : self._step[place]].tolist()
            tokens.setdefault((*text.request.prompt, *text.tokens), []).append(text)
        cache.drop(row)
        self._select(np.flatnonzero(self._row != row))
        return list(tokens.items())

    def cancel(self, cache: Cache) -> None:
        """Removes the texts that were cancelled."""
        ended: dict[int, Ended] = {
            place: "cancelled" for place, text in enumerate(self.texts) if text.request.cancelled
        }
        if ended:
            left = self._row.copy()
            self._leave(ended)
            self._part(cache, left)

    def end_all(self, cache: Cache, why: Ended) -> None:
        """Ends all texts."""
        left = self._row.copy()
        self._leave(dict.fromkeys(range(len(self.texts)), why))
        self._part(cache, left)

    def _sampled(self, logits: Tensor, rows: Ints) -> Ints:
        assert self._rows is not None
        place = np.empty(int(rows.max()) + 1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        mine = place[self._row]
        if len(mine) != len(logits) or (mine != np.arange(len(mine))).any():
            logits = logits[torch.from_numpy(mine).to(logits.device)]
        sampled = sample(logits, self._rows, uniforms(self._seed, self._step), constraint=self._constraint())
        self._rows = self._rows.with_sampled(sampled.tokens)
        if sampled.logprobs is not None:
            self._note(sampled.logprobs)
        return sampled.tokens.cpu().numpy().astype(np.int32)

    def _note(self, logprobs: Logprobs) -> None:
        tokens: list[list[int]] = cast(Any, logprobs.tokens).tolist()
        values: list[list[float]] = cast(Any, logprobs.values).tolist()
        rows: list[int] = cast(Any, logprobs.rows).tolist()
        sampled: list[float] = cast(Any, logprobs.sampled).tolist()
        for at, (row, logprob) in enumerate(zip(rows, sampled, strict=True)):
            text = self.texts[row]
            count = text.request.sampling.logprobs or 0
            text.logprobs.append((logprob, tuple(zip(tokens[at][:count], values[at][:count], strict=True))))

    def _constraint(self) -> Transform | None:
        matchers = [text.request.constraint for text in self.texts]
        if not any(matchers):
            return None
        assert self._constraints is not None, "a request with a constraint goes to an engine that has constraints"
        return self._constraints.transform(matchers, self._device)

    def _ended(self, tokens: Ints) -> dict[int, Ended]:
        """Returns which texts end with these tokens, by place, and why."""
        ended: dict[int, Ended] = dict.fromkeys(np.flatnonzero(self._step >= self._limit).tolist(), "length")
        for at in np.flatnonzero(np.isin(tokens, self._ends)).tolist():
            if int(tokens[at]) in self.texts[at].request.end:
                ended[at] = "end"
        for at in self._busy:
            if ended.get(at) != "end" and (why := _ended_by(self.texts[at], int(tokens[at]))):
                ended[at] = why
        return ended

    def _leave(self, ended: dict[int, Ended]) -> None:
        for place, why in ended.items():
            text = self.texts[place]
            tokens = tuple(self._tokens[place, : self._step[place]].tolist())
            if text.request.on_done:
                text.request.on_done(Completion(tokens, why, text.cached, tuple(text.logprobs)))
        stay = np.ones(len(self.texts), dtype=bool)
        stay[list(ended)] = False
        self._select(np.flatnonzero(stay))

    def _part(self, cache: Cache, rows: Ints) -> None:
        """Gives each different continuation of a row's texts a row of its own; frees rows without a text.

        Args:
            rows: the rows that the texts had before this step, those of texts that have left too.
        """
        marks = self._row.astype(np.int64) << 32 | self._tokens[np.arange(len(self.texts)), self._step - 1]
        kinds, inverse = np.unique(marks, return_inverse=True)
        parents = (kinds >> 32).astype(np.int32)
        if len(kinds) == len(np.unique(rows)) and (parents[1:] != parents[:-1]).all():
            return
        made = parents.copy()
        for at in np.flatnonzero(parents[1:] == parents[:-1]) + 1:
            made[at] = cache.fork(int(parents[at]))
        self._row = made[inverse]
        for row in np.setdiff1d(rows, parents):
            cache.drop(int(row))

    def _select(self, places: NDArray[np.int64]) -> None:
        self.texts = [self.texts[place] for place in places]
        self._row, self._seed = self._row[places], self._seed[places]
        self._step, self._limit, self._tokens = self._step[places], self._limit[places], self._tokens[places]
        self._rows = self._rows.select(places) if self._rows else None
        self._changed()

    def _changed(self) -> None:
        requests = [text.request for text in self.texts]
        self._busy = [place for place, request in enumerate(requests) if request.constraint or request.on_token]
        ends = {token for end in {request.end for request in requests} for token in end}
        self._ends = np.asarray(sorted(ends), dtype=np.int32)


def _ended_by(text: Text, token: int) -> Ended | None:
    """Passes a token to the text's constraint and callback; returns why they end the text, if they do."""
    why: Ended | None = None
    if text.request.constraint:
        text.request.constraint.advance(token)
        why = "end" if text.request.constraint.finished else None
    if text.request.on_token and text.request.on_token(token):
        why = "stop"
    return why
