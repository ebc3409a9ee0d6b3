"""Drafts of how a text goes on, as an editor's autocomplete offers them."""

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

See = Callable[[tuple[str, ...]], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A way that a text can go on.

    Args:
        text: what follows it.
        score: what the decoding method ranks its drafts by, higher is better; None for one that does not.
        ended: whether the text is whole with it, or max_tokens cut it.
        tokens: number of tokens.
    """

    text: str
    score: float | None
    ended: bool
    tokens: int

    def __str__(self) -> str:
        return self.text


class Drafter:
    """A model that is kept loaded, for many drafts.

    Args:
        model: a name of the catalog, a .gguf file, a folder with safetensors or hf:ORG/NAME, with the options of
            `torch:` models, such as smollm2-135m:dtype=float32.
        on_progress: told about downloads and loading.

    Raises UsageError for an unknown model or a missing package; ModelError for weights that cannot be read.
    """

    def __init__(self, model: str = DRAFT_MODEL, *, on_progress: OnProgress = silent) -> None:
        parts, options = split_spec(model.removeprefix("torch:"))
        if "decoder" in options:
            raise UsageError("a model that drafts has no decoder of its own: it is given with each draft")
        made = torch(":".join(parts), **bind(torch, options, "model torch"), on_progress=on_progress)
        self._model = made
        self._runtime = run_sync(made.worker()).runtime

    def draft(
        self,
        text: str,
        k: int | None = None,
        *,
        max_tokens: int = 15,
        decoder: str = "superposed",
        ngrams: str | Path | None = None,
        see: See | None = None,
        seed: int = 0,
        **options: Any,
    ) -> tuple[Suggestion, ...]:
        """The ways that a text goes on, best first. The text is continued as it is, without a chat template; of a text
        longer than the context, its end.

        Args:
            k: number of drafts, for a decoder that makes several.
            max_tokens: of each draft.
            decoder: spec of a decoding method.
            ngrams: file of tables that `passel ngrams` made of text of the kind at hand, for a decoder that weighs
                drafts by them.
            see: told the drafts as they come, best first, from the engine's thread; what it was told may change.
            seed: of decoders that draw.
            options: the decoder's own.

        Raises UsageError for an unknown decoder or option, and for tables of another tokenizer.
        """
        from passel.decoding import Opening, load

        runtime = self._runtime
        own = {"k": k, "ngrams": None if ngrams is None else Path(ngrams).expanduser(), **options}
        chosen = load(decoder, {name: str(value) for name, value in own.items() if value is not None})
        most = max(1, runtime.engine.context - max_tokens)
        prompt = runtime.texts.ids(text)[-most:]
        opening = Opening(
            prompt,
            max_tokens,
            runtime.end,
            encode=runtime.texts.encode,
            decode=runtime.texts.decode,
            beside=runtime.beside,
            tokenizer=runtime.texts.tokenizer,
        )
        work = chosen.make(opening, key=Key(seed) / "draft")
        drafts = runtime.engine.run(work if see is None else _watched(work, runtime.texts.decode, see))
        return tuple(
            Suggestion(runtime.texts.decode(one.tokens), one.score, one.ended == "end", len(one.tokens))
            for one in drafts
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
    """The ways that a text goes on, best first: k drafts for about the price of one. `settings` are those of
    `Drafter.draft`; to draft often, keep a `Drafter`, for here the model is loaded anew.

    >>> [str(one) for one in draft("The capital of France", k=3)]  # doctest: +SKIP
    [' is Paris.', ' is Paris, the largest', ' is the city of Paris']
    """
    with Drafter(model, on_progress=on_progress) as drafter:
        return drafter.draft(text, k, **settings)


def _watched(work: Decoding[T], decode: Callable[[tuple[int, ...]], str], see: See) -> Decoding[T]:
    """The same work, with its drafts told as its asks go by: as it shows them, else what it emits."""
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
                see(tuple(decode(tokens) for tokens in shown))
            try:
                value = yield steps.asked
            except Exception as error:
                steps.throw(error)
            else:
                steps.send(value)
        return steps.result
