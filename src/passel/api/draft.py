"""Drafts that continue a text, as an editor's autocomplete offers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from passel.core.driver import run_sync
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.options import bind, split_spec
from passel.core.progress import OnProgress, silent
from passel.core.steps import Steps
from passel.models.torch import torch

if TYPE_CHECKING:
    from passel.engine.requests import Decoding

__all__ = ["DRAFT_MODEL", "Drafter", "Suggestion", "draft"]

DRAFT_MODEL = "smollm2-135m"

OnDrafts = Callable[[tuple[str, ...]], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A draft that continues a text.

    Args:
        text: the draft, without the text that it continues.
        score: the decoding method ranks its drafts by it, higher is better; None: the method does not rank.
        ended: whether the text ends with the draft; False: max_tokens cut it.
        tokens: number of tokens.
    """

    text: str
    score: float | None
    ended: bool
    tokens: int

    def __str__(self) -> str:
        return self.text


class Drafter:
    """A model that stays loaded, for many drafts.

    Args:
        model: a name of the catalog, a .gguf file, a folder with safetensors or hf:ORG/NAME, with the options of
            `torch:` models, such as smollm2-135m:dtype=float32.
        on_progress: called while the model is downloaded and loaded.

    Raises UsageError for an unknown model or a missing package; ModelError for weights that cannot be read.
    """

    def __init__(self, model: str = DRAFT_MODEL, *, on_progress: OnProgress = silent) -> None:
        parts, options = split_spec(model.removeprefix("torch:"))
        if "decoder" in options:
            raise UsageError("a model for drafts takes no decoder: give it with each draft")
        model_opened = torch(":".join(parts), **bind(torch, options, "model torch"), on_progress=on_progress)
        self._model = model_opened
        self._runtime = run_sync(model_opened.worker()).runtime

    def draft(
        self,
        text: str,
        k: int | None = None,
        *,
        max_tokens: int = 15,
        decoder: str = "superposed",
        ngrams: str | Path | None = None,
        on_drafts: OnDrafts | None = None,
        seed: int = 0,
        **options: Any,
    ) -> tuple[Suggestion, ...]:
        """Drafts continuations of a text, best first.

        The text is continued as it is, without a chat template. Only the end of a text longer than the context is used.

        Args:
            text: the text to continue.
            k: number of drafts, for a decoder that makes several; None: the decoder's default.
            max_tokens: maximum length of a draft.
            decoder: spec of a decoding method.
            ngrams: file of n-gram tables from `passel ngrams`, for a decoder that weighs drafts by them.
            see: called with the drafts so far, best first, at each step, in the engine's thread; they may still change.
            seed: of decoders that sample.
            options: of the decoder.

        Raises UsageError for an unknown decoder or option, and for tables of another tokenizer.
        """
        from passel.decoding import DecodingInput, load

        runtime = self._runtime
        settings = {"k": k, "ngrams": None if ngrams is None else Path(ngrams).expanduser(), **options}
        chosen = load(decoder, {name: str(value) for name, value in settings.items() if value is not None})
        max_prompt = max(1, runtime.engine.context - max_tokens)
        prompt = runtime.texts.ids(text)[-max_prompt:]
        inputs = DecodingInput(
            prompt,
            max_tokens,
            runtime.end_tokens,
            encode=runtime.texts.encode,
            decode=runtime.texts.decode,
            extra_models=runtime.extra_models,
            tokenizer=runtime.texts.tokenizer,
        )
        work = chosen.make(inputs, key=Key(seed) / "draft")
        drafts = runtime.engine.run(work if on_drafts is None else _watched(work, runtime.texts.decode, on_drafts))
        return tuple(
            Suggestion(runtime.texts.decode(draft.tokens), draft.score, draft.ended == "end", len(draft.tokens))
            for draft in drafts
        )

    def close(self) -> None:
        """Ends the engine; the weights are freed with the object."""
        run_sync(self._model.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def draft(
    text: str,
    k: int | None = 3,
    *,
    model: str = DRAFT_MODEL,
    on_progress: OnProgress = silent,
    **settings: Any,
) -> tuple[Suggestion, ...]:
    """Drafts continuations of a text, best first: k drafts for about the price of one.

    The model is loaded for each call; for many drafts, keep a `Drafter`. `settings` are those of `Drafter.draft`.

    >>> [str(suggestion) for suggestion in draft("The capital of France", k=3)]  # doctest: +SKIP
    [' is Paris.', ' is Paris, the largest', ' is the city of Paris']
    """
    with Drafter(model, on_progress=on_progress) as drafter:
        return drafter.draft(text, k, **settings)


def _watched(work: Decoding[T], decode: Callable[[tuple[int, ...]], str], on_drafts: OnDrafts) -> Decoding[T]:
    """Returns the same decoding, which calls `on_drafts` when its drafts change: those that it shows, or the tokens
    that it emits if it shows none."""
    from passel.engine.requests import Emit, Show

    shown: tuple[tuple[int, ...], ...] = ()
    emitted: dict[int, tuple[int, ...]] = {}
    shows = False
    with Steps(work) as steps:
        while not steps.ended:
            before = shown
            for ask in steps.asked:
                if isinstance(ask, Show):
                    shown, shows = ask.drafts, True
                elif isinstance(ask, Emit) and not shows:
                    emitted[ask.index] = emitted.get(ask.index, ()) + ask.tokens
                    shown = tuple(emitted[rank] for rank in sorted(emitted))
            if shown != before:
                on_drafts(tuple(decode(tokens) for tokens in shown))
            try:
                value = yield steps.asked
            except Exception as error:
                steps.throw(error)
            else:
                steps.send(value)
        return steps.result
