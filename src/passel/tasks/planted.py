"""Planted trees: search problems with a known right path, for the model `planted`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.errors import UsageError
from passel.core.plant import LETTERS, Plant
from passel.core.ranges import Linear, Log
from passel.tasks.parts.kinds import EXACT
from passel.tasks.parts.task import GeneratedItems, Item, Task

__all__ = ["planted"]

_PATH = replace(EXACT, instruction='One letter a paragraph. End with "The answer is PATH.", all letters as one word.')


def planted(
    *,
    depth: Annotated[int, Linear(1, 64)] = 8,
    branching: Annotated[int, Linear(1, 26)] = 4,
    size: Annotated[int, Log(1, 100_000)] = 1000,
) -> Task:
    """Planted trees: each has a right path of `depth` steps, each step one of `branching` letters.

    Other models can only guess the path; the model `planted` knows it, and samples and judges steps with errors at
    chosen rates.
    """
    if depth < 1 or size < 1 or not 1 <= branching <= len(LETTERS):
        raise UsageError(f"planted needs depth >= 1, 1 <= branching <= 26, size >= 1; got {depth}, {branching}, {size}")

    def item(index: int) -> Item:
        plant = Plant(index, depth, branching)
        steps = [*plant.path[:-1], f"{plant.path[-1]}. The answer is {plant.path}."]
        return Item(str(index), plant.question, plant.path, _PATH, solution="\n\n".join(steps))

    return Task("planted", GeneratedItems(lambda: size, item))
