"""The catalog of named models: one TOML file each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from passel.core.ask import Sampling
from passel.core.errors import unknown

__all__ = ["FOLDER", "Card", "Part", "cards", "find_card"]

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Part:
    """A file inside a wheel of the Python package index."""

    package: str
    member: str


@dataclass(frozen=True, slots=True)
class Card:
    """An entry of the catalog.

    Args:
        name: its name on the command line.
        summary: one line.
        licence: SPDX identifier of the weights.
        parts: wheel members that make up the GGUF file, in order; empty where `base` supplies it.
        sha256, size: of the whole GGUF file, size in bytes.
        base: the model it adapts, a name in the catalog.
        adapter: a LoRA GGUF file beside the card, applied to the base at load.
        parameters: number of weights.
        context: number of tokens that it was trained for.
        sampling: the sampling parameters that its makers advise.
        instruction: the instruction that it was trained with.
        chat: whether it has a chat template; a base model has none and continues raw text.
    """

    name: str
    summary: str
    licence: str
    parts: tuple[Part, ...] = ()
    sha256: str = ""
    size: int = 0
    base: str = ""
    adapter: str = ""
    parameters: float | None = None
    context: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    instruction: str = ""
    chat: bool = True

    @property
    def weights(self) -> Card:
        """The card that has the GGUF file."""
        return find_card(self.base).weights if self.base else self


@cache
def cards() -> Mapping[str, Card]:
    """All cards by name."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def find_card(name: str) -> Card:
    """The card of this name; UsageError with the nearest names if there is none."""
    if name not in cards():
        raise unknown("model", name, cards())
    return cards()[name]


def _read(path: Path) -> Card:
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    data["parts"] = tuple(Part(**part) for part in data.get("parts", ()))
    data["sampling"] = Sampling.of(data.get("sampling", {}))
    return Card(name=path.stem, **data)
