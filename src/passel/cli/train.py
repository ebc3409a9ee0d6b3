"""`passel train`: train modules beside a model that make decoding faster or better."""

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
@click.option("--adapter", type=click.Path(path_type=Path), help="A LoRA adapter to merge into the model.")
@click.option(
    "--data",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="File of text or JSONL. May be repeated.",
)
@click.option(
    "--held-out",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File to evaluate on. May be repeated.  [default: a twentieth]",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the result.")
@click.option("--length", type=click.IntRange(8), default=512, show_default=True, help="Maximum tokens of an example.")
@click.option(
    "--complete", type=click.FloatRange(0.0), help="Let the model write the completions, at this temperature."
)
@click.option("--chat/--no-chat", default=None, help="Prompts are turns of a chat.  [default: if there is a template]")
@click.option("--steps", type=click.IntRange(1), help="Number of updates.  [default: the recipe's]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all randomness.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, …")
@click.option(
    "--dtype",
    type=click.Choice(["auto", "bfloat16", "float32", "float16"]),
    default="auto",
    help="Data type of the model.",
)
@click.option("--evaluations", type=click.IntRange(1), default=5, show_default=True, help="Number of evaluations.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def train(recipe: str, as_json: bool, **given: Any) -> None:
    """Train a module beside a model by RECIPE, into a folder that decoding methods read.

    RECIPE is a name with its options, such as falcon:layers=1; see `passel methods --recipes`. An interrupted training
    is continued from its last checkpoint by the same command. The folder also gets log.jsonl and curves.html.
    """
    need("torch", "engine")
    from passel.api.train import train as run

    console = Console(stderr=True)
    with blame("--model"):
        fetch(given["model"].removeprefix("torch:"), console)
    with shown(console) as on_progress:

        def on_step(step: Any) -> None:
            on_progress(f"loss {step.loss:.4g}, {step.tokens_per_second:,.0f} tokens/s", step.step, step.steps)

        trained = run(recipe, on_progress=on_progress, on_step=on_step, **given)
    if as_json:
        click.echo(
            json.dumps({"folder": str(trained.folder), "recipe": trained.recipe, "figures": dict(trained.figures)})
        )
        return
    out = output()
    for name, value in trained.figures.items():
        out.print(f"{name.replace('_', ' ')}: {value:.4g}", highlight=False)
    out.print(f"{trained.recipe} in {trained.folder}", highlight=False, soft_wrap=True)
