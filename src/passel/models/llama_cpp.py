"""GGUF models embedded in this process by llama.cpp: the catalog's, a local file, or one from the hub."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.core.model import ModelInfo
from passel.core.progress import OnProgress, silent
from passel.core.ranges import Log
from passel.models.catalog import FOLDER, Card, cards, find_card
from passel.models.catalog.pull import pull
from passel.models.openai import OpenAI
from passel.models.parts.embedded import Embedded, Load
from passel.models.parts.requests import Dialect

__all__ = ["from_hub", "llama_cpp"]

_SCORE_TOP = 1000
"""Number of tokens whose log-probabilities a score reads. A fine-tuned model may rank Yes and No hundreds deep and
still tell them apart; a thousand take 30 ms where the whole vocabulary takes 400."""


def llama_cpp(
    path: str,
    *,
    adapter: str | None = None,
    scale: float = 1.0,
    parallel: Annotated[int, Log(1, 256)] = 16,
    context: Annotated[int, Log(64, 131072)] = 2048,
    threads: int | None = None,
    max_tokens: Annotated[int, Log(1, 8192)] = 512,
    embeddings: bool = False,
    prompt_price: float = 0.0,
    completion_price: float = 0.0,
    on_progress: OnProgress = silent,
) -> OpenAI:
    """A GGUF model in this process. All asks in flight are decoded together, step by step (continuous batching).

    Args:
        path: a name in the catalog (fetched if it is not in the cache), a .gguf file, or hf:ORG/REPO/FILE.gguf.
        adapter: a LoRA GGUF file. scale: its weight.
        parallel: number of sequences decoded at once. context: limit of prompt and completion of each, in tokens.
        threads: processor threads; default: one for each processor.
        max_tokens: default limit of a completion.
        embeddings: the model is an embedding model: it returns vectors, not texts.
        prompt_price, completion_price: US dollars per million tokens, to see what a hosted model would cost.
        on_progress: called during a download.

    llama.cpp silently ignores the parts of a JSON schema that it does not support.

    Each sample's seed comes from its key, so a single sample can be repeated; llama.cpp's arithmetic depends slightly
    on the batch, so texts can differ all the same. The record keeps the samples.
    """
    card = find_card(path) if path in cards() else None
    if card:
        file, adapter = pull(card, on_progress), adapter or (str(FOLDER / card.adapter) if card.adapter else None)
    else:
        file = _file(path)
    load = Load(file, Path(adapter) if adapter else None, scale, parallel, context, threads, embeddings)
    api = "chat" if card is None or card.chat else "completions"
    dialect = Dialect(_name(path, load, card), api, prefix="llama_cpp", score_top=_SCORE_TOP)
    info = ModelInfo(
        name=dialect.model,
        can=frozenset({"embed"} if embeddings else {"text", "prefix", "logprobs", "score"}),
        sampling=dialect.takes(official=False),
        max_n=1 if embeddings else parallel,
        concurrency=2 * parallel,
        context=context,
        max_tokens=(card.sampling.max_tokens if card else None) or max_tokens,
        parameters=card.parameters if card else None,
        advised=card.sampling if card else Sampling(),
        instruction=card.instruction if card else "",
    )
    if prompt_price or completion_price:
        info = replace(info, price=replace(info.price, prompt=prompt_price, completion=completion_price))
    return OpenAI(dialect, Embedded(load), info, stream=True, seed=True)


def _file(path: str) -> Path:
    if path.startswith("hf:"):
        return from_hub(path)
    file = Path(path).expanduser()
    if not file.is_file():
        raise UsageError(f"no model file at {path}")
    return file


def from_hub(path: str) -> Path:
    """hf:ORG/REPO/FILE.gguf in the hub's own cache, downloaded (with the hub's progress bar) if it is not there."""
    repository, _, name = path.removeprefix("hf:").rpartition("/")
    if repository.count("/") != 1:
        raise UsageError(f"a hub model is given as hf:ORG/REPO/FILE.gguf, got {path}")
    try:
        hub: Any = import_module("huggingface_hub")
    except ImportError:
        raise UsageError('the hub needs: pip install "passel[hub]"') from None
    try:
        return Path(hub.hf_hub_download(repository, name))
    except Exception as error:
        raise UsageError(f"cannot get {path} from the hub: {str(error).splitlines()[0]}") from error


def _name(path: str, load: Load, card: Card | None) -> str:
    name = card.name if card else Path(path).name
    if load.adapter and not (card and card.adapter and load.adapter == FOLDER / card.adapter):
        name += f"+{load.adapter.stem}"
    return name if load.scale == 1.0 else f"{name}*{load.scale:g}"
