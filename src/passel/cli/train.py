"""`passel train`: parts that make decoding faster or better, trained beside a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from passel.cli.parts.downloads import fetch
from passel.cli.parts.flags import blame
from passel.cli.parts.output import output
from passel.cli.parts.progress import shown
from passel.core.extras import need

__all__ = ["train"]


@click.command()
@click.argument("recipe")
@click.option("--model", default="smollm2-135m", show_default=True, help="Catalog name, .gguf, folder or hf:ORG/NAME.")
@click.option("--adapter", type=click.Path(path_type=Path), help="A LoRA adapter that is merged into the model.")
@click.option(
    "--data", multiple=True, required=True, type=click.Path(path_type=Path), help="Text or JSONL; repeatable."
)
@click.option("--held-out", multiple=True, type=click.Path(path_type=Path), help="To judge by.  [default: a twentieth]")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the result.")
@click.option("--length", type=click.IntRange(8), default=512, show_default=True, help="Tokens of an example at most.")
@click.option("--complete", type=click.FloatRange(0.0), help="Let the model complete the prompts, at this temperature.")
@click.option("--chat/--no-chat", default=None, help="Prompts are turns of a chat.  [default: if there is a template]")
@click.option("--steps", type=click.IntRange(1), help="Updates.  [default: the recipe's own]")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all chance.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, …")
@click.option(
    "--dtype", type=click.Choice(["auto", "bfloat16", "float32", "float16"]), default="auto", help="Of MODEL."
)
@click.option("--evaluations", type=click.IntRange(1), default=5, show_default=True, help="On held-out texts.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def train(recipe: str, as_json: bool, **given: Any) -> None:
    """Train what RECIPE says beside a model, into a folder that decoding methods read.

    RECIPE is a name with its options, such as falcon:layers=1. A training that was interrupted goes on from its last
    checkpoint when it is called again. The folder also gets log.jsonl and curves.html.
    """
    need("torch", "engine")
    from passel.api.train import train as run

    console = Console(stderr=True)
    with blame("--model"):
        fetch(given["model"].removeprefix("torch:"), console)
    with shown(console) as on_progress:

        def on_step(step: Any) -> None:
            on_progress(f"loss {step.loss:.4g}, {step.tokens_per_second:,.0f} tokens/s", step.step, step.steps)

        found = run(recipe, on_progress=on_progress, on_step=on_step, **given)
    if as_json:
        click.echo(json.dumps({"folder": str(found.folder), "recipe": found.recipe, "figures": dict(found.figures)}))
        return
    out = output()
    for name, value in found.figures.items():
        out.print(f"{name.replace('_', ' ')}: {value:.4g}", highlight=False)
    out.print(f"{found.recipe} in {found.folder}", highlight=False, soft_wrap=True)
