"""Training from first to last: the model and texts, the loop, and what is kept of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from passel import __version__
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.progress import OnProgress, silent
from passel.engine.weights import load as load_weights
from passel.engine.weights.checkpoint import Checkpoint
from passel.models.catalog import FOLDER, cards, find_card
from passel.models.catalog.pull import pull
from passel.networks.trained_parts import MANIFEST, save_trained
from passel.training import load
from passel.training.loop.course import Course
from passel.training.loop.curves import write_curves
from passel.training.loop.log import Watch, unwatched
from passel.training.loop.loop import run
from passel.training.loop.seeded import seeded
from passel.training.texts.gather import Texts, gather

__all__ = ["Trained", "train"]

_RUN = "run.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training.

    Args:
        folder: holds it. recipe: that made it.
        figures: on held-out text, at the end.
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
    watch: Watch = unwatched,
    **options: Any,
) -> Trained:
    """Trains what a recipe says, beside a model that stays as it is.

    Args:
        recipe: its spec: `falcon:layers=1`.
        data: files: plain text, or JSONL with text, or prompts and completions; may be packed (.gz).
        out: folder for the result, the log and its curves. One that was interrupted goes on from its checkpoint.
        model: a name of the catalog, a .gguf file, a folder with safetensors or hf:ORG/NAME. adapter: merged into it.
        held_out: files to judge by; without any, a twentieth of the texts.
        length: tokens of an example at most.
        complete: temperature at which the model itself completes the prompts first; default: the files' completions.
        chat: whether prompts are turns of a chat; default: where the tokenizer has a template.
        seed: of all chance. device, dtype: of the model; trained weights are in float32.
        evaluations: how often it is judged.
        on_progress: told about loading. watch: told of each step.
        options: the recipe's own, such as steps=500.

    Raises UsageError for what is to be changed, also where `out` holds another training.
    """
    folder = Path(out).expanduser()
    chosen = load(recipe, {name: str(value) for name, value in options.items() if value is not None})
    texts = Texts(_paths(data), _paths(held_out), length, complete, chat)
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
    material = gather(base, texts, key=key, on_progress=on_progress)
    with seeded(key / "weights"):
        course = chosen.make(material, key=key)
    course.module.to(base.device)
    figures = run(
        course,
        folder,
        key=key,
        device=base.device,
        mixed=str(base.dtype) == "torch.bfloat16",
        evaluations=evaluations,
        watch=watch,
    )
    _keep(folder, course, base, settings, figures)
    write_curves(folder, name)
    return Trained(folder, name, figures)


def _keep(
    folder: Path, course: Course, base: Checkpoint, settings: Mapping[str, Any], figures: Mapping[str, float]
) -> None:
    """The result, and last its manifest."""
    config = base.model.config.get_text_config()
    if course.save:
        course.save(folder)
    manifest = {
        "recipe": settings["recipe"],
        "options": settings["options"],
        "settings": dict(course.settings),
        "model": base.name,
        "hidden_size": config.hidden_size,
        "layers": config.num_hidden_layers,
        "vocabulary": base.model.get_output_embeddings().weight.shape[0],
        "figures": dict(figures),
        "passel": __version__,
    }
    save_trained(folder, manifest, None if course.save else course.trained())


def _base(model: str, adapter: str | Path | None, dtype: Any, device: str, on_progress: OnProgress) -> Checkpoint:
    path, own = model.removeprefix("torch:"), None
    if path in cards():
        card = find_card(path)
        own = str(FOLDER / card.adapter) if card.adapter else None
        path = str(pull(card, on_progress))
    return load_weights(path, adapter=adapter, own=own, dtype=dtype, device=device, on_progress=on_progress)


def _claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Makes the folder this training's own. Raises UsageError if another has it, or it is done."""
    if (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} holds a training that is done; a new one needs a new folder")
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
    return tuple(Path(one).expanduser() for one in many)


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    return json.loads(json.dumps(value, default=str))


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if not path.is_file():
            raise UsageError(f"{path} is a folder, not a file" if path.is_dir() else f"no file at {path}")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
