"""`passel export`: write a model as a folder that other programs load."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from passel.cli.parts.downloads import fetch
from passel.cli.parts.progress import shown
from passel.core.errors import UsageError, unknown
from passel.core.extras import need
from passel.models.catalog import FOLDER, cards

__all__ = ["export"]

_DTYPES = ("bfloat16", "float16", "float32")


@click.command()
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--adapter", type=click.Path(path_type=Path), help="A LoRA adapter: a PEFT folder or a .gguf file.")
@click.option("--scale", type=float, default=1.0, show_default=True, help="Strength of the adapter.")
@click.option(
    "--dtype", type=click.Choice(_DTYPES), default="bfloat16", show_default=True, help="Data type of the weights."
)
def export(model: str, folder: Path, adapter: Path | None, scale: float, dtype: str) -> None:
    """Write MODEL to FOLDER as transformers and vLLM load it: safetensors, tokenizer, chat template, configuration.

    MODEL is a name of the catalog (fetched if it is not in the cache), a .gguf file, a folder or hf:ORG/NAME. Quantised
    weights are dequantised, and an adapter, given here or by the catalog, is merged into them. FOLDER must be new or
    empty; it is written whole or not at all.
    """
    name = model.removeprefix("torch:")
    card = cards().get(name)
    if card is None and not name.startswith("hf:") and not Path(name).expanduser().exists():
        raise unknown("model", name, cards())
    target = folder.expanduser()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already and not empty; a model is written to a new folder")
    need("torch", "engine")
    need("transformers", "engine")
    console = Console(stderr=True)
    path = fetch(name, console) or name
    own = FOLDER / card.adapter if card and card.adapter else None
    size = _write(str(path), target, own, adapter, scale, dtype, console)
    licence = f", licence {card.licence}" if card else ""
    console.print(f"{name}: {size / 1e6:.0f} MB in {target}, {dtype}{licence}", highlight=False, soft_wrap=True)


def _write(
    path: str, target: Path, own: Path | None, adapter: Path | None, scale: float, dtype: Any, console: Console
) -> int:
    """Writes the model to a folder beside `target`, then renames that folder. Returns its size in bytes."""
    from passel.engine.weights import load, save

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as beside, shown(console) as on_progress:
        folder = Path(beside) / "model"
        checkpoint = load(
            path, adapter=adapter, scale=scale, own=own, dtype=dtype, device="cpu", on_progress=on_progress
        )
        on_progress("writing the folder", 0, 0)
        save(checkpoint, folder)
        folder.replace(target)
    return sum(file.stat().st_size for file in target.iterdir())
