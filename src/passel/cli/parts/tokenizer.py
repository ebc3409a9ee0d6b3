"""A model's tokenizer without its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from passel.cli.parts.downloads import fetch
from passel.core.errors import unknown
from passel.core.extras import need
from passel.models.catalog import cards

__all__ = ["load_tokenizer"]


def load_tokenizer(model: str, console: Console) -> Any:
    """Loads the fast tokenizer of a model of the catalog (downloaded if it is not in the cache), of a .gguf file, or of
    a folder in transformers' format. An adapter has the tokenizer of its base.

    Raises:
        UsageError: an unknown model; transformers is not installed.
    """
    name = model.removeprefix("torch:")
    if name not in cards() and not Path(name).expanduser().exists():
        raise unknown("model", name, cards())
    need("transformers", "engine")
    path = fetch(name, console) or Path(name).expanduser()
    with console.status(f"loading the tokenizer of {name}"):
        return _in_folder(path) if path.is_dir() else _in_gguf(path)


def _in_gguf(path: Path) -> Any:
    from passel.engine.weights.gguf_file import open_gguf
    from passel.engine.weights.gguf_tokenizer import tokenizer_of

    return tokenizer_of(open_gguf(path))


def _in_folder(path: Path) -> Any:
    from passel.engine.weights.load import tokenizer_in

    return tokenizer_in(path)
