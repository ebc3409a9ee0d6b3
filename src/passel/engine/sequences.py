"""Plain sampling of many texts at once: rows of arrays, not generators. Texts that are alike so far share one row of
the cache, and are computed once, until they part."""

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
from passel.engine.draws import Completion, Draw, Ended, TokenLogprobs
from passel.engine.sampling import Logprobs, Rows, Transform, sample, uniforms

__all__ = ["Sequences", "Text"]


@dataclass(slots=True, eq=False)
class Text:
    """A text under way. `drawn`: its tokens so far where they are not in the arrays, for one that was put back."""

    draw: Draw
    cached: int = 0
    drawn: list[int] = field(default_factory=list[int])
    logprobs: list[TokenLogprobs] = field(default_factory=list[TokenLogprobs])


class Sequences:
    """The texts that have a row in the cache, and the arrays of what the next step needs of each."""

    def __init__(self, device: torch.device, constraints: Constraints | None = None) -> None:
        self._device, self._constraints = device, constraints
        self.texts: list[Text] = []
        self._row = np.empty(0, dtype=np.int32)
        self._seed = np.empty(0, dtype=np.uint64)
        self._step = np.empty(0, dtype=np.int64)
        self._limit = np.empty(0, dtype=np.int64)
        self._tokens = np.empty((0, 64), dtype=np.int32)
        self._rows: Rows | None = None
        self._busy: list[int] = []  # texts with a constraint or a listener
        self._ends: Ints = np.empty(0, dtype=np.int32)

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self) -> tuple[Ints, Ints]:
        """Rows of the cache that go on, and the token of each."""
        rows, first = np.unique(self._row, return_index=True)
        return rows, self._tokens[first, self._step[first] - 1]

    def join(self, row: int, texts: Sequence[Text], room: int) -> None:
        """Texts whose common beginning, prompt and tokens drawn, stands in a row. `room`: tokens that fit after it."""
        count = len(texts)
        self._row = np.concatenate((self._row, np.full(count, row, dtype=np.int32)))
        self._seed = np.concatenate((self._seed, np.asarray([text.draw.seed for text in texts], dtype=np.uint64)))
        steps = np.asarray([len(text.drawn) for text in texts], dtype=np.int64)
        limits = [min(text.draw.sampling.max_tokens or room, len(text.drawn) + room) for text in texts]
        self._step = np.concatenate((self._step, steps))
        self._limit = np.concatenate((self._limit, np.asarray(limits, dtype=np.int64)))
        wide = max(self._tokens.shape[1], int(steps.max()) + 1)
        fresh = np.zeros((len(self.texts) + count, wide), dtype=np.int32)
        fresh[: len(self.texts), : self._tokens.shape[1]] = self._tokens
        for place, text in enumerate(texts, len(self.texts)):
            fresh[place, : len(text.drawn)] = text.drawn
        self._tokens = fresh
        self.texts += texts
        draws = [text.draw for text in texts]
        rows = Rows.of(
            [draw.sampling for draw in draws],
            prompts=[draw.prompt for draw in draws],
            answers=[text.drawn for text in texts],
            device=self._device,
        )
        self._rows = self._rows.append(rows) if self._rows else rows
        self._changed()

    def draw(self, logits: Tensor, rows: Ints, cache: Cache) -> None:
        """The next token of every text. Those that end leave, those that part get a row of their own.

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
        """Frees the row that joined last; its texts, by the tokens that they share."""
        row = int(self._row[-1])
        places = np.flatnonzero(self._row == row)
        tokens: dict[tuple[int, ...], list[Text]] = {}
        for place in places:
            text = self.texts[place]
            text.drawn = self._tokens[place, : self._step[place]].tolist()
            tokens.setdefault((*text.draw.prompt, *text.drawn), []).append(text)
        cache.drop(row)
        self._select(np.flatnonzero(self._row != row))
        return list(tokens.items())

    def cancel(self, cache: Cache) -> None:
        """Those that were cancelled leave."""
        ended: dict[int, Ended] = {place: "cancelled" for place, text in enumerate(self.texts) if text.draw.cancelled}
        if ended:
            left = self._row.copy()
            self._leave(ended)
            self._part(cache, left)

    def end_all(self, cache: Cache, why: Ended) -> None:
        """All leave."""
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
        drawn = sample(logits, self._rows, uniforms(self._seed, self._step), constraint=self._constraint())
        self._rows = self._rows.drew(drawn.tokens)
        if drawn.logprobs is not None:
            self._note(drawn.logprobs)
        return drawn.tokens.cpu().numpy().astype(np.int32)

    def _note(self, found: Logprobs) -> None:
        tokens: list[list[int]] = cast(Any, found.tokens).tolist()
        values: list[list[float]] = cast(Any, found.values).tolist()
        rows: list[int] = cast(Any, found.rows).tolist()
        drawn: list[float] = cast(Any, found.drawn).tolist()
        for at, (row, own) in enumerate(zip(rows, drawn, strict=True)):
            text = self.texts[row]
            most = text.draw.sampling.logprobs or 0
            text.logprobs.append((own, tuple(zip(tokens[at][:most], values[at][:most], strict=True))))

    def _constraint(self) -> Transform | None:
        matchers = [text.draw.constraint for text in self.texts]
        if not any(matchers):
            return None
        assert self._constraints is not None, "a draw with a constraint is given to an engine that has them"
        return self._constraints.transform(matchers, self._device)

    def _ended(self, tokens: Ints) -> dict[int, Ended]:
        """Which texts end with these tokens, and why."""
        ended: dict[int, Ended] = dict.fromkeys(np.flatnonzero(self._step >= self._limit).tolist(), "length")
        for at in np.flatnonzero(np.isin(tokens, self._ends)).tolist():
            if int(tokens[at]) in self.texts[at].draw.end:
                ended[at] = "end"
        for at in self._busy:
            if ended.get(at) != "end" and (why := _heard(self.texts[at], int(tokens[at]))):
                ended[at] = why
        return ended

    def _leave(self, ended: dict[int, Ended]) -> None:
        for place, why in ended.items():
            text = self.texts[place]
            tokens = tuple(self._tokens[place, : self._step[place]].tolist())
            if text.draw.done:
                text.draw.done(Completion(tokens, why, text.cached, tuple(text.logprobs)))
        stay = np.ones(len(self.texts), dtype=bool)
        stay[list(ended)] = False
        self._select(np.flatnonzero(stay))

    def _part(self, cache: Cache, rows: Ints) -> None:
        """A row of its own for each different continuation of a row's texts; rows without a text are given up.

        Args:
            rows: the rows that texts had before this step, of those too that have left.
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
        draws = [text.draw for text in self.texts]
        self._busy = [place for place, draw in enumerate(draws) if draw.constraint or draw.listen]
        ends = {token for end in {draw.end for draw in draws} for token in end}
        self._ends = np.asarray(sorted(ends), dtype=np.int32)


def _heard(text: Text, token: int) -> Ended | None:
    """What the text's constraint and listener say to a token."""
    why: Ended | None = None
    if text.draw.constraint:
        text.draw.constraint.advance(token)
        why = "end" if text.draw.constraint.finished else None
    if text.draw.listen and text.draw.listen(token):
        why = "stop"
    return why
