"""The engine as a model: a transformer's weights in this process, with any decoding method."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from passel.core.ask import Ask, Sampling
from passel.core.cost import Price
from passel.core.errors import UsageError
from passel.core.model import ModelInfo, Progress
from passel.core.progress import OnProgress, silent
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.models.catalog import FOLDER, Card, cards, find_card
from passel.models.catalog.pull import pull
from passel.models.contextualisers import Chosen, Contextualiser
from passel.models.contextualisers.prompt import prompt

__all__ = ["Torch", "torch"]

_SAMPLING = frozenset(Sampling.__slots__)
Dtype = Literal["auto", "float32", "bfloat16", "float16"]


class Torch:
    """A model on the engine. Build it with `torch`. Weights are loaded at the first ask."""

    def __init__(self, info: ModelInfo, settings: Callable[[], Any]) -> None:
        self._info, self._settings = info, settings
        self._loading = asyncio.Lock()
        self._worker: Any = None

    @property
    def info(self) -> ModelInfo:
        """The model's name, abilities and limits."""
        return self._info

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        """See `Model`. Cancelled asks leave the batch at the next token."""
        worker = await self.worker()
        futures = worker.answer(asks, progress)
        try:
            return [await asyncio.wrap_future(future) for future in futures]
        except asyncio.CancelledError:
            worker.cancel(futures)
            raise

    async def worker(self) -> Any:
        """The engine with its tokenizer, loaded at the first call."""
        async with self._loading:
            if self._worker is None:
                self._worker = await asyncio.to_thread(self._load)
            return self._worker

    async def aclose(self) -> None:
        """Ends the engine's thread and frees the weights."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await asyncio.to_thread(worker.close)

    def _load(self) -> Any:
        from passel.models.parts.torch.worker import Worker

        return Worker(self._settings())


def torch(
    path: str,
    *,
    adapter: str | None = None,
    scale: float = 1.0,
    length: float | None = None,
    dtype: Dtype = "auto",
    int8: bool = False,
    device: str = "auto",
    draft: str | None = None,
    context_file: str | None = None,
    contextualise: Chosen = prompt,
    memory: Annotated[float, Linear(0.01, 1024.0)] = 2.0,
    context: Annotated[int, Log(64, 131072)] = 2048,
    rows: Annotated[int, Log(1, 1024)] = 256,
    max_tokens: Annotated[int, Log(1, 8192)] = 512,
    prompt_price: float = 0.0,
    completion_price: float = 0.0,
    on_progress: OnProgress = silent,
) -> Torch:
    """A transformer in this process, in torch. All texts in flight are one batch, and share their common beginnings.

    Args:
        path: a name of the catalog, a .gguf file, a folder with safetensors, hf:ORG/NAME or hf:ORG/NAME/FILE.gguf.
        adapter: a LoRA adapter, a PEFT folder or a .gguf file, merged into the weights. scale: its strength.
        length: length of chains of thought, in place of `scale`, for an adapter made by `passel train cot-valve`: 1 is
            the model's own length, 0 the shortest that it was trained for.
        dtype: of the weights; auto: bfloat16 where the device multiplies it in hardware, else float32.
        int8: weights of eight bits, with one scale per output: half the memory, at a cost in quality.
        device: cpu, cuda, cuda:1, …; auto: the first GPU there is.
        draft: a second, smaller model for decoders that need one; a spec like `path`.
        context_file: a text that all prompts are about. contextualise: how the model reads it: prompt puts it in front
            of each prompt; adapter:contextualise.path=DIR adds it to the weights, by a trained generator.
        memory: limit for keys and values, in GB.
        context: limit of prompt and completion together, in tokens.
        rows: largest number of texts in the batch.
        max_tokens: default limit of a completion.
        prompt_price, completion_price: US dollars per million tokens, to see what a hosted model would cost.
        on_progress: called during downloads and loading.

    The sampling parameter `decoder` chooses a decoding method. A sample's seed comes from its key, so it does not
    depend on the other samples of the batch, up to the rounding of larger sums. Raises UsageError for a missing package
    or file; weights are loaded at the first ask.
    """
    card = _card(path)
    if length is not None:
        if adapter is None:
            raise UsageError("length opens an adapter that `passel train cot-valve` made: give it as adapter=FOLDER")
        scale = 1.0 - length

    known = _known(context_file, contextualise)

    def settings() -> Any:
        from passel.models.parts.torch.runtime import Settings

        file, catalog_adapter = _weights(path, on_progress)
        draft_weights = _weights(draft, on_progress) if draft else None
        size = int(memory * 1e9)
        context_adder = known[0] if known else None
        given = Settings(
            file,
            catalog_adapter,
            adapter,
            scale,
            dtype,
            int8,
            device,
            size,
            context,
            rows,
            draft_weights,
            context_adder,
        )
        return given, on_progress

    info = ModelInfo(
        name=_name(path, card, adapter, scale, "int8" if int8 else dtype) + (known[1] if known else ""),
        can=frozenset({"text", "prefix", "logprobs", "score", "embed", "forward"}),
        sampling=_SAMPLING,
        max_n=rows,
        concurrency=4 * rows,
        price=Price(prompt=prompt_price, completion=completion_price),
        context=context,
        max_tokens=(card.sampling.max_tokens if card else None) or max_tokens,
        parameters=card.parameters if card else None,
        advised=card.sampling if card else Sampling(),
        instruction=card.instruction if card else "",
    )
    return Torch(info, settings)


def _card(path: str) -> Card | None:
    """The model's entry in the catalog, if it is there. Raises UsageError where there is no model, or no torch."""
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise UsageError('the engine needs torch and transformers: pip install "passel[engine]"')
    card = find_card(path) if path in cards() else None
    if not path:
        raise UsageError("a model is given as torch:NAME, torch:FOLDER, torch:FILE.gguf or torch:hf:ORG/NAME")
    if card is None and not path.startswith("hf:") and not Path(path).expanduser().exists():
        raise UsageError(f"no model at {path}: neither a name of the catalog, nor a file or folder, nor hf:ORG/NAME")
    return card


def _weights(path: str, on_progress: OnProgress) -> tuple[str, str | None]:
    """The file or folder of a model, and the adapter that the catalog has for it."""
    if path not in cards():
        return path, None
    card = find_card(path)
    return str(pull(card, on_progress)), str(FOLDER / card.adapter) if card.adapter else None


def _known(file: str | None, contextualise: Contextualiser) -> tuple[Callable[[Any], str], str] | None:
    """A function that gives a loaded model the file's text, and a mark for the model's name, so that the record
    separates models with other texts or contextualisers. Raises UsageError for a file that cannot be read."""
    if file is None:
        return None
    try:
        text = Path(file).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"context_file: cannot read {file!r}: {error}") from None
    given = getattr(contextualise, "keywords", {})
    digest = sha256(repr((text, sorted(given.items()))).encode()).hexdigest()[:8]
    return lambda model: contextualise(model, text), f"~{getattr(contextualise, '__name__', 'own')}-{digest}"


def _name(path: str, card: Card | None, adapter: str | None, scale: float, dtype: str) -> str:
    """The model's name with all that its distribution depends on, so that the record separates different models."""
    name = f"torch:{card.name if card else path if path.startswith('hf:') else Path(path).expanduser().resolve().name}"
    if adapter:
        name += f"+{Path(adapter).stem}"
    name += f"*{scale:g}" if scale != 1.0 else ""
    name += f":{dtype}" if dtype != "auto" else ""
    return name
