"""Training a module beside a model: the model, the texts, the loop, and the files that it leaves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.progress import OnProgress, silent
from passel.core.version import __version__
from passel.engine.weights import load as load_weights
from passel.engine.weights.checkpoint import Checkpoint
from passel.models.catalog import FOLDER, cards, find_card
from passel.models.catalog.pull import pull
from passel.networks.trained_parts import MANIFEST, save_trained
from passel.training import load
from passel.training.loop.curves import write_curves
from passel.training.loop.log import OnStep, ignore_step
from passel.training.loop.loop import run
from passel.training.loop.seeded import seeded
from passel.training.loop.setup import TrainingSetup
from passel.training.texts.gather import TextSources, gather

__all__ = ["Trained", "train"]

_RUN = "run.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training.

    Args:
        folder: holds the result.
        recipe: the name of the recipe.
        figures: measured on held-out texts at the end.
    """

    folder: Path
    recipe: str
    figures: Mapping[str, float] = field(default_factory=dict[str, float])


def train(
    recipe: str,
    *,
    data: Sequence[str | Path] | str | Path,
    out: str | Path,
    model: str = "smollm2-135m",
    adapter: str | Path | None = None,
    held_out: Sequence[str | Path] | str | Path = (),
    length: int = 512,
    complete: float | None = None,
    chat: bool | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: Any = "auto",
    evaluations: int = 5,
    on_progress: OnProgress = silent,
    on_step: OnStep = ignore_step,
    **options: Any,
) -> Trained:
    """Trains what a recipe describes, beside a model that is not changed.

    Args:
        recipe: its spec: `falcon:layers=1`.
        data: files of plain text, or of JSONL with texts or with prompts and completions; may be compressed (.gz).
        out: folder for the result, the log and its curves. An interrupted training in it is continued.
        model: a name of the catalog, a .gguf file, a folder with safetensors or hf:ORG/NAME.
        adapter: a LoRA adapter to merge into the model.
        held_out: files to evaluate on; default: a twentieth of the texts.
        length: maximum number of tokens of an example.
        complete: let the model write the completions, at this temperature; default: those in the files.
        chat: whether prompts are turns of a chat; default: if the tokenizer has a chat template.
        seed: of all randomness.
        device, dtype: of the model; trained weights are in float32.
        evaluations: number of evaluations.
        on_progress: called while models and texts are loaded.
        on_step: called after each step.
        options: of the recipe, such as steps=500.

    Raises UsageError for wrong arguments, also if `out` holds another training.
    """
    folder = Path(out).expanduser()
    chosen = load(recipe, {name: str(value) for name, value in options.items() if value is not None})
    texts = TextSources(_paths(data), _paths(held_out), length, complete, chat)
    name = chosen.make.__name__
    settings: dict[str, Any] = {
        "recipe": name,
        "options": _plain(chosen.options),
        "model": model,
        "adapter": None if adapter is None else str(adapter),
        **{key: _plain(value) for key, value in asdict(texts).items()},
        "seed": seed,
        "digest": _digest([*texts.data, *texts.held_out]),
    }
    _claim(folder, settings)
    base = _base(model, adapter, dtype, device, on_progress)
    key = Key(seed) / "train" / name
    training_data = gather(base, texts, key=key, on_progress=on_progress)
    with seeded(key / "weights"):
        setup = chosen.make(training_data, key=key)
    setup.module.to(base.device)
    figures = run(
        setup,
        folder,
        key=key,
        device=base.device,
        mixed=str(base.dtype) == "torch.bfloat16",
        evaluations=evaluations,
        on_step=on_step,
    )
    _keep(folder, setup, base, settings, figures)
    write_curves(folder, name)
    return Trained(folder, name, figures)


def _keep(
    folder: Path, setup: TrainingSetup, base: Checkpoint, settings: Mapping[str, Any], figures: Mapping[str, float]
) -> None:
    """Writes the result, and its manifest last."""
    config = base.model.config.get_text_config()
    if setup.save:
        setup.save(folder)
    manifest = {
        "recipe": settings["recipe"],
        "options": settings["options"],
        "settings": dict(setup.settings),
        "model": base.name,
        "hidden_size": config.hidden_size,
        "layers": config.num_hidden_layers,
        "vocabulary": base.model.get_output_embeddings().weight.shape[0],
        "figures": dict(figures),
        "passel": __version__,
    }
    save_trained(folder, manifest, None if setup.save else setup.trained_state())


def _base(model: str, adapter: str | Path | None, dtype: Any, device: str, on_progress: OnProgress) -> Checkpoint:
    path, own = model.removeprefix("torch:"), None
    if path in cards():
        card = find_card(path)
        own = str(FOLDER / card.adapter) if card.adapter else None
        path = str(pull(card, on_progress))
    return load_weights(path, adapter=adapter, own=own, dtype=dtype, device=device, on_progress=on_progress)


def _claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Makes the folder for this training. Raises UsageError if it holds another training, or a finished one."""
    if (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} holds a finished training; a new one needs a new folder")
    file = folder / _RUN
    if file.is_file():
        other = json.loads(file.read_text(encoding="utf-8"))
        if differ := [name for name, value in settings.items() if other.get(name) != value]:
            raise UsageError(f"{folder} holds another training: its {differ[0]} is {other.get(differ[0])!r}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(f"{folder} is there already and not empty; a training is written to a new folder")
    file.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _paths(given: Sequence[str | Path] | str | Path) -> tuple[Path, ...]:
    many = (given,) if isinstance(given, str | Path) else given
    return tuple(Path(path).expanduser() for path in many)


def _plain(value: Any) -> Any:
    """Returns the value as JSON reads it back."""
    return json.loads(json.dumps(value, default=str))


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if not path.is_file():
            raise UsageError(f"{path} is a folder, not a file" if path.is_dir() else f"no file at {path}")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
