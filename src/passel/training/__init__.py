"""Recipes: one file each, found by its file name. A recipe says what is trained and the loss of a step; the loop in
`parts/loop.py` does the rest: optimiser, schedule, checkpoints, progress, the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from passel.core.errors import unknown
from passel.core.find import find, names
from passel.core.key import Key
from passel.core.options import bind, configured, parameters, split_spec
from passel.training.loop.course import Course, Loss, Schedule
from passel.training.texts.material import Material

__all__ = ["Bound", "Course", "Loss", "Material", "NamedRecipe", "Recipe", "Schedule", "load"]


class Recipe(Protocol):
    """`def name(material, *, key, …) -> Course`; what follows the key are its options."""

    def __call__(self, material: Material, *, key: Key, **options: Any) -> Course: ...


class Bound(Protocol):
    """A recipe with its options set, under its own name."""

    __name__: str

    def __call__(self, material: Material, *, key: Key) -> Course: ...


@dataclass(frozen=True, slots=True)
class NamedRecipe:
    """A recipe with its options.

    Args:
        name: as the user wrote it.
        make: from a material and a key to what is to be done.
        options: all of them, with the defaults.
    """

    name: str
    make: Bound
    options: Mapping[str, Any]


def load(name: str, options: Mapping[str, str] | None = None) -> NamedRecipe:
    """`NAME[:option=value…]`, an entry point of the group `passel.training` or `path.py:function`, with more options as
    text. Raises UsageError that names the nearest valid name or option."""
    parts, texts = split_spec(name)
    own = ":".join(parts)
    if ".py:" not in own and (own := own.replace("-", "_")) not in names("training"):
        raise unknown("recipe", own, names("training"))
    make = find("training", own)
    given = bind(make, texts | dict(options or {}), f"recipe {parts[0]}")
    known = {option: default for option, (_, default) in parameters(make).items()}
    return NamedRecipe(name, cast(Bound, configured(make, given)), known | given)
