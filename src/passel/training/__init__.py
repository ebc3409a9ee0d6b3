"""Recipes: one file each, found by its file name. A recipe defines the module that is trained and the loss of a step;
the loop in `loop/` does the rest: optimiser, schedule, checkpoints, progress, the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from passel.core.configured import Configured
from passel.core.configured import load as load_from
from passel.core.key import Key
from passel.training.loop.setup import Loss, Schedule, TrainingSetup
from passel.training.texts.training_data import TrainingData

__all__ = ["Bound", "Loss", "Recipe", "Schedule", "TrainingData", "TrainingSetup", "load"]


class Recipe(Protocol):
    """`def name(data, *, key, …) -> TrainingSetup`; the parameters after the key are its options."""

    def __call__(self, data: TrainingData, *, key: Key, **options: Any) -> TrainingSetup: ...


class Bound(Protocol):
    """A recipe with its options set, under its own name."""

    __name__: str

    def __call__(self, data: TrainingData, *, key: Key) -> TrainingSetup: ...


def load(spec: str, options: Mapping[str, str] | None = None) -> Configured[Bound]:
    """`NAME[:option=value…]`, an entry point of the group `passel.training` or `path.py:function`, with more options as
    text; a hyphen in a name stands for an underscore. Raises UsageError that names the nearest valid name or option."""
    name, colon, rest = spec.partition(":")
    spec = spec if name.endswith(".py") else name.replace("-", "_") + colon + rest
    return load_from("training", spec, options, noun="recipe")
