"""Training a memory of contexts: texts that are predicted or reconstructed from the memory, without the context."""

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
from passel.training.loop.setup import Loss
from passel.training.parts.batches import Batch, collate
from passel.training.parts.next_token import learned
from passel.training.texts.examples import Example

__all__ = ["ContextExample", "ContextLoss", "Query", "check_contexts", "context_example"]


@dataclass(frozen=True, slots=True)
class Query:
    """A text that is predicted from a memory of the context's first `seen` chunks."""

    text: Example
    seen: int


@dataclass(frozen=True, slots=True)
class ContextExample:
    """A context in chunks, texts that are predicted from it, and its own chunks, which are reconstructed from it."""

    chunks: tuple[Example, ...]
    queries: tuple[Query, ...]
    reconstructions: tuple[Query, ...]


def check_contexts(examples: Sequence[Example]) -> None:
    """Raises UsageError for a context that is not a text."""
    for one in examples:
        given = one.row.get("context", "text")
        if not isinstance(given, str) or not given.strip():
            raise UsageError(f"context of a row is a text, got {given!r}")


def context_example(one: Example, base: Checkpoint, chunk: int) -> ContextExample:
    """The queries of an example. With a field `context`, its completion is predicted from a memory of the whole
    context; otherwise each chunk of the text is predicted from a memory of the chunks before it."""
    given = one.row.get("context")
    if given is None:
        # at least two chunks, so that there is a chunk to predict
        parts = _texts(chunks(one.tokens.tolist(), min(chunk, max(2, -(-len(one.tokens) // 2)))))
        queries = tuple(Query(part, at) for at, part in enumerate(parts[1:], 1))
        return ContextExample(parts, queries, tuple(Query(part, at) for at, part in enumerate(parts, 1)))
    parts = _texts(chunks(base.tokenizer(given, add_special_tokens=False, verbose=False)["input_ids"], chunk))
    return ContextExample(parts, (Query(one, len(parts)),), tuple(Query(part, len(parts)) for part in parts))


def _texts(parts: Sequence[Sequence[int]]) -> tuple[Example, ...]:
    return tuple(Example(np.asarray(part, dtype=np.int64), 1, {}) for part in parts)


@dataclass(slots=True, eq=False)
class _StateCache:
    """Hidden states of the frozen part of the model, computed one text at a time, so that they do not depend on other
    texts, and cached for the next epochs while there is room."""

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


class ContextLoss:
    """The next-token loss of queries and reconstructions, under the model that is updated by their memories.

    Args:
        rebuild: weight of the loss of reconstructions; 0 leaves them out.
        room: bytes for cached states of the frozen model: those of contexts, and those of queries below the first
            adapted layer. They are the same in each epoch.
    """

    def __init__(self, base: Checkpoint, generator: Generator, rebuild: float, room: float) -> None:
        self._base, self._generator, self._rebuild = base, generator, rebuild
        self._contexts, self._begun = _StateCache(room / 2), _StateCache(room / 2)

    def loss(self, context_examples: Sequence[ContextExample], *, compare: bool = False) -> Loss:
        """The loss of a batch of examples. `compare`: also report the figures of the model without the updates."""
        base, read = self._base, [chunk for one in context_examples for chunk in one.chunks]
        queries = _memories(context_examples, "queries")
        reconstructions = _memories(context_examples if self._rebuild else (), "reconstructions")
        # each memory is normalised once, however many texts are predicted from it
        spans = sorted(set(queries[1]) | set(reconstructions[1]))
        memories = self._normalised(read, spans)
        figures: dict[str, float] = {}
        total = torch.zeros((), device=base.device)
        count = sum(len(one.tokens) for one in read)
        for name, weight, (texts, owners) in (("loss", 1.0, queries), ("rebuilding", self._rebuild, reconstructions)):
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

    def evaluated(self, batches: Iterable[Sequence[ContextExample]]) -> dict[str, float]:
        """The figures of some batches, with and without the updates: means over the examples."""
        totals: dict[str, float] = {}
        count = 0
        for some in batches:
            count += len(some)
            for name, value in self.loss(some, compare=True).figures.items():
                totals[name] = totals.get(name, 0.0) + value * len(some)
        return {name: value / count for name, value in totals.items()}

    def _normalised(self, read: Sequence[Example], spans: Sequence[tuple[int, int]]) -> Tensor:
        """Normalised memories of spans of chunks [matrices, spans, inner, rank]."""
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
        """The model's loss on the learned tokens; the head is computed only there."""
        model: torch.nn.Module = self._base.model
        places, tokens = learned(batch)
        below = [self._begun.of(one, self._first)[0][0] for one in batch.examples]
        with continued_from(model, self._generator.targets[0].layer, pad_sequence(below, batch_first=True)):
            hidden = self._base.model.get_decoder()(input_ids=batch.tokens, use_cache=False).last_hidden_state
        logits = self._base.model.get_output_embeddings()(hidden[:, :-1][places]).float()
        cap = getattr(self._base.model.config.get_text_config(), "final_logit_softcapping", None)
        return functional.cross_entropy(cap * torch.tanh(logits / cap) if cap else logits, tokens)

    def _states(self, one: Example) -> States:
        """The inputs of all adapted layers and matrices."""
        tokens = torch.from_numpy(one.tokens).unsqueeze(0).to(self._base.device)
        return [
            (hidden[0], inputs[0]) for hidden, inputs in states_of(self._base.model, self._generator.targets, tokens)
        ]

    def _first(self, one: Example) -> States:
        """The input of the first adapted layer."""
        tokens = torch.from_numpy(one.tokens).unsqueeze(0).to(self._base.device)
        ((hidden, _),) = states_of(self._base.model, self._generator.targets[:1], tokens)
        return [(hidden[0], hidden[0, :0])]


def _memories(context_examples: Sequence[ContextExample], what: str) -> tuple[list[Example], list[tuple[int, int]]]:
    """Texts, and for each the range of the batch's chunks whose sum is its memory."""
    texts: list[Example] = []
    owners: list[tuple[int, int]] = []
    start = 0
    for one in context_examples:
        asked: tuple[Query, ...] = getattr(one, what)
        for each in asked:
            texts.append(each.text)
            owners.append((start, start + each.seen))
        start += len(one.chunks)
    return texts, owners
