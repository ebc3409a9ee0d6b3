"""A loaded model: its engine, its tokenizer and its grammars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from passel.core.progress import OnProgress
from passel.engine import Engine, read
from passel.engine.constraints import Constraints
from passel.engine.weights import load
from passel.engine.weights.checkpoint import Checkpoint, Dtype
from passel.models.parts.torch.chat_tokenizer import ChatTokenizer

__all__ = ["Runtime", "Settings", "start"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is loaded; see `models.torch.torch` for the fields that are not listed.

    Args:
        path: a file, a folder or an hf: name.
        catalog_adapter: the adapter that the catalog has for the model.
        draft: path and catalog adapter of the draft model.
        contextualise: changes the loaded weights, and returns the text that goes in front of every prompt.
    """

    path: str
    catalog_adapter: str | None
    adapter: str | None
    scale: float
    dtype: Dtype
    int8: bool
    device: str
    memory: int
    context: int
    rows: int
    draft: tuple[str, str | None] | None
    contextualise: Callable[[Checkpoint], str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Runtime:
    """A loaded model.

    Args:
        engine: the weights, the cache and the scheduler.
        texts: the tokenizer.
        end_tokens: tokens that end a text.
        constraints: grammars of this tokenizer.
        parameters: number of weights.
        extra_models: number of models beside the engine's own.
    """

    engine: Engine
    texts: ChatTokenizer
    end_tokens: frozenset[int]
    constraints: Constraints
    parameters: int
    extra_models: int


def start(settings: Settings, on_progress: OnProgress) -> Runtime:
    """Loads the weights. Raises UsageError or ModelError where they cannot be had."""
    found = load(
        settings.path,
        adapter=settings.adapter,
        scale=settings.scale,
        own=settings.catalog_adapter,
        dtype=settings.dtype,
        device=settings.device,
        on_progress=on_progress,
    )
    before = settings.contextualise(found) if settings.contextualise else ""
    parts = read(found.model, settings.context, int8=settings.int8)
    beside = []
    if settings.draft:
        path, catalog_adapter = settings.draft
        drafter = load(path, own=catalog_adapter, dtype=settings.dtype, device=settings.device, on_progress=on_progress)
        beside = [read(drafter.model, settings.context)]
    constraints = Constraints(found.tokenizer, vocab=parts.vocabulary, ends=sorted(found.end_ids))
    engine = Engine(
        parts,
        memory=settings.memory,
        context=settings.context,
        rows=settings.rows,
        other_models=beside,
        constraints=constraints,
    )
    return Runtime(
        engine, ChatTokenizer(found.tokenizer, before), found.end_ids, constraints, found.parameters, len(beside)
    )
