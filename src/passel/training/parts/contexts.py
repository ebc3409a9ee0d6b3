"""Lessons with a context: what is to be rebuilt or said from a memory of it, without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from passel.core.errors import UsageError
from passel.engine.weights.checkpoint import Checkpoint
from passel.networks.context import Generator, States, adapted, chunks, continued_from, states_of
from passel.training.loop.course import Loss
from passel.training.parts.batches import Batch, collate
from passel.training.parts.next_token import learned
from passel.training.texts.examples import Example

__all__ = ["Asked", "Lesson", "Teacher", "checked", "lesson"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A text to be learned from a memory of the context's first `seen` chunks."""

    text: Example
    seen: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """A context in chunks, texts that are said from it, and its own chunks, which are rebuilt from it."""

    chunks: tuple[Example, ...]
    said: tuple[Asked, ...]
    rebuilt: tuple[Asked, ...]


def checked(examples: Sequence[Example]) -> None:
    """Raises UsageError for a context that is no text."""
    for one in examples:
        given = one.row.get("context", "text")
        if not isinstance(given, str) or not given.strip():
            raise UsageError(f"context of a row is a text, got {given!r}")


def lesson(one: Example, base: Checkpoint, chunk: int) -> Lesson:
    """Of an example with a field `context`: its prompt is asked, and completed, from a memory of all of it. Of any
    other: each chunk of it is continued by the next."""
    given = one.row.get("context")
    if given is None:
        # at least two, so that there is something to continue
        parts = _texts(chunks(one.tokens.tolist(), min(chunk, max(2, -(-len(one.tokens) // 2)))))
        said = tuple(Asked(part, at) for at, part in enumerate(parts[1:], 1))
        return Lesson(parts, said, tuple(Asked(part, at) for at, part in enumerate(parts, 1)))
    parts = _texts(chunks(base.tokenizer(given, add_special_tokens=False, verbose=False)["input_ids"], chunk))
    return Lesson(parts, (Asked(one, len(parts)),), tuple(Asked(part, len(parts)) for part in parts))


def _texts(parts: Sequence[Sequence[int]]) -> tuple[Example, ...]:
    return tuple(Example(np.asarray(part, dtype=np.int64), 1, {}) for part in parts)


@dataclass(slots=True, eq=False)
class _Kept:
    """What the frozen part of the model makes of a text, one text at a time, so that it does not depend on the others;
    kept for the next epoch as long as there is room."""

    room: float
    found: dict[Example, States] = field(default_factory=dict[Example, States])

    def of(self, one: Example, make: Callable[[Example], States]) -> States:
        if (known := self.found.get(one)) is not None:
            return known
        made = make(one)
        size = sum(tensor.nbytes for pair in made for tensor in pair)
        if size <= self.room:
            self.room -= size
            self.found[one] = made
        return made


class Teacher:
    """The next-token loss of what lessons ask for, by the model with the updates of their memories.

    Args:
        rebuild: weight of the loss on rebuilding; 0 leaves it out.
        room: bytes for what the frozen model makes of texts: the states of contexts, and those of asked texts below
            the first adapted layer. They are the same in each epoch.
    """

    def __init__(self, base: Checkpoint, generator: Generator, rebuild: float, room: float) -> None:
        self._base, self._generator, self._rebuild = base, generator, rebuild
        self._contexts, self._begun = _Kept(room / 2), _Kept(room / 2)

    def loss(self, lessons: Sequence[Lesson], *, compare: bool = False) -> Loss:
        """Of some lessons at once. `compare`: figures are also of the model without the updates."""
        base, read = self._base, [chunk for one in lessons for chunk in one.chunks]
        said = _memories(lessons, "said")
        rebuilt = _memories(lessons if self._rebuild else (), "rebuilt")
        # each memory is normalised once, however many texts are asked of it
        spans = sorted(set(said[1]) | set(rebuilt[1]))
        memories = self._normalised(read, spans)
        figures: dict[str, float] = {}
        total = torch.zeros((), device=base.device)
        count = sum(len(one.tokens) for one in read)
        for name, weight, (texts, owners) in (("loss", 1.0, said), ("rebuilding", self._rebuild, rebuilt)):
            if not texts:
                continue
            rows = torch.tensor([spans.index(owner) for owner in owners], device=base.device)
            asked = collate(texts, base.device)
            with adapted(base.model, self._generator, memories[:, rows]):
                one = self._next_token(asked)
            total, count = total + weight * one, count + asked.count
            figures[name] = one.item()
            if compare:
                figures[f"{name}_without"] = self._next_token(asked).item()
        return Loss(total, count, figures)

    def judged(self, batches: Iterable[Sequence[Lesson]]) -> dict[str, float]:
        """The figures of some batches, with and without the updates: means over the lessons."""
        totals: dict[str, float] = {}
        count = 0
        for some in batches:
            count += len(some)
            for name, value in self.loss(some, compare=True).figures.items():
                totals[name] = totals.get(name, 0.0) + value * len(some)
        return {name: value / count for name, value in totals.items()}

    def _normalised(self, read: Sequence[Example], spans: Sequence[tuple[int, int]]) -> Tensor:
        """Memories of spans of chunks, normalised [matrices, spans, inner, rank]."""
        device = self._base.device
        states = [self._contexts.of(one, self._states) for one in read]
        real = collate(read, device).real
        padded = [
            (pad_sequence([each[at][0] for each in states], True), pad_sequence([each[at][1] for each in states], True))
            for at in range(len(self._generator.targets))
        ]
        written = self._generator.written(padded, real)
        member = torch.zeros(len(spans), len(read), device=device)
        for row, (start, stop) in enumerate(spans):
            member[row, start:stop] = 1
        with torch.autocast(device.type, enabled=False):
            return self._generator.normalised(torch.einsum("mc,tcij->tmij", member, written))

    def _next_token(self, batch: Batch) -> Tensor:
        """The model's loss on what is to be learned; the head is computed there alone."""
        model: torch.nn.Module = self._base.model
        places, tokens = learned(batch)
        below = [self._begun.of(one, self._first)[0][0] for one in batch.examples]
        with continued_from(model, self._generator.targets[0].layer, pad_sequence(below, batch_first=True)):
            hidden = self._base.model.get_decoder()(input_ids=batch.tokens, use_cache=False).last_hidden_state
        logits = self._base.model.get_output_embeddings()(hidden[:, :-1][places]).float()
        cap = getattr(self._base.model.config.get_text_config(), "final_logit_softcapping", None)
        return functional.cross_entropy(cap * torch.tanh(logits / cap) if cap else logits, tokens)

    def _states(self, one: Example) -> States:
        """Of all adapted layers and matrices."""
        tokens = torch.from_numpy(one.tokens).unsqueeze(0).to(self._base.device)
        return [
            (hidden[0], inputs[0]) for hidden, inputs in states_of(self._base.model, self._generator.targets, tokens)
        ]

    def _first(self, one: Example) -> States:
        """What the first adapted layer reads."""
        tokens = torch.from_numpy(one.tokens).unsqueeze(0).to(self._base.device)
        ((hidden, _),) = states_of(self._base.model, self._generator.targets[:1], tokens)
        return [(hidden[0], hidden[0, :0])]


def _memories(lessons: Sequence[Lesson], what: str) -> tuple[list[Example], list[tuple[int, int]]]:
    """Texts, and for each the chunks of the batch that its memory is the sum of."""
    texts: list[Example] = []
    owners: list[tuple[int, int]] = []
    start = 0
    for one in lessons:
        asked: tuple[Asked, ...] = getattr(one, what)
        for each in asked:
            texts.append(each.text)
            owners.append((start, start + each.seen))
        start += len(one.chunks)
    return texts, owners
