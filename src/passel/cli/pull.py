"""`passel pull`: download a model to the cache."""

from __future__ import annotations

import click
from rich.console import Console

from passel.cli.parts.downloads import fetch
from passel.core.errors import unknown
from passel.models.catalog import cards
from passel.models.catalog.pull import cached
from passel.models.llama_cpp import from_hub

__all__ = ["pull"]


@click.command()
@click.argument("model")
def pull(model: str) -> None:
    """Download MODEL, a name of the catalog, to the cache (PASSEL_CACHE, else the user's cache folder) and check its
    sha256. hf:ORG/REPO/FILE.gguf is downloaded from the Hugging Face hub to the hub's cache."""
    console = Console(stderr=True)
    if model.startswith("hf:"):
        console.print(f"{model}: {from_hub(model)}", soft_wrap=True)
        return
    if model not in cards():
        raise unknown("model", model, cards())
    if path := cached(cards()[model]):
        console.print(f"{model} is in the cache: {path}", soft_wrap=True)
        return
    fetch(model, console)
