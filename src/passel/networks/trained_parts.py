"""Trained parts on disk: a folder with their weights and what they are. Training writes it, decoding reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import safetensors.torch as safetensors_torch
from safetensors import SafetensorError
from torch import Tensor, nn

from passel.core.errors import UsageError

__all__ = ["MANIFEST", "WEIGHTS", "Manifest", "load_trained", "read_manifest", "save_trained"]

MANIFEST, WEIGHTS = "passel.json", "parts.safetensors"

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder of trained parts holds.

    Args:
        recipe: that made it. options: of the recipe.
        settings: what builds the module.
        model: that it was trained with. hidden_size, layers, vocabulary: of that model.
        figures: on held-out text, when it was done.
        passel: the version.
    """

    recipe: str
    options: Mapping[str, Any]
    settings: Mapping[str, Any]
    model: str
    hidden_size: int
    layers: int
    vocabulary: int
    figures: Mapping[str, float]
    passel: str

    def check(self, path: str | Path, **given: int) -> None:
        """Raises UsageError where the model at hand is another one, by its `hidden_size`, `layers` or `vocabulary`."""
        for name, value in given.items():
            if value != getattr(self, name):
                kind = name.replace("_", " ")
                raise UsageError(
                    f"path: {path} was trained beside {self.model}, with {kind} {getattr(self, name)}; "
                    f"this model has {value}"
                )


def save_trained(folder: Path, manifest: Mapping[str, Any], state: Mapping[str, Tensor] | None) -> None:
    """The parts' state, where they have one, and then what they are: a folder without it is not whole."""
    if state is not None:
        weights = folder / WEIGHTS
        safetensors_torch.save_file(dict(state), weights.with_suffix(".part"))
        weights.with_suffix(".part").chmod(0o666 & ~_umask(folder))
        weights.with_suffix(".part").replace(weights)
    part = folder / f".{MANIFEST}"
    part.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    part.replace(folder / MANIFEST)


def read_manifest(path: str | Path, recipe: str) -> Manifest:
    """What a folder holds. Raises UsageError for a folder that `passel train` has not finished, or that another recipe
    made."""
    folder = Path(path).expanduser()
    try:
        found = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise UsageError(f"{folder} holds no trained parts: `passel train {recipe}` makes them") from None
    if found.recipe != recipe:
        raise UsageError(f"{folder} was made by `passel train {found.recipe}`, not by `passel train {recipe}`")
    return found


def load_trained(path: str | Path, recipe: str, build: Callable[[Mapping[str, Any]], M]) -> tuple[M, Manifest]:
    """The module of a folder, in evaluation mode and without gradients; kept, for the next text wants it too.

    Args:
        build: makes it from the manifest's settings, with any weights.

    Raises UsageError as `read_manifest` does, and for weights that do not fit.
    """
    if not path:
        raise UsageError(f"path: a folder that `passel train {recipe}` made")
    manifest = read_manifest(path, recipe)
    file = Path(path).expanduser().resolve() / WEIGHTS
    changed = file.stat().st_mtime_ns if file.is_file() else 0
    return _kept(file, changed, recipe, build), manifest


@lru_cache(maxsize=8)
def _kept(file: Path, changed: int, recipe: str, build: Callable[[Mapping[str, Any]], M]) -> M:
    module = build(read_manifest(file.parent, recipe).settings)
    try:
        module.load_state_dict(safetensors_torch.load_file(file))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise UsageError(f"{file} cannot be read: {str(error).splitlines()[0]}") from None
    return module.eval().requires_grad_(False)


def _umask(folder: Path) -> int:
    """What the folder itself keeps from others, so that its files are for whom the folder is."""
    return ~folder.stat().st_mode & 0o666
