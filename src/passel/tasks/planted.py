"""Planted trees, for studies of search with the model `planted`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.errors import UsageError
from passel.core.plant import LETTERS, Plant
from passel.core.ranges import Linear, Log
from passel.tasks.parts.kinds import EXACT
from passel.tasks.parts.task import Generated, Item, Task

__all__ = ["planted"]

_PATH = replace(EXACT, instruction='One letter a paragraph. End with "The answer is PATH.", all letters as one word.')


def planted(
    *,
    depth: Annotated[int, Linear(1, 64)] = 8,
    branching: Annotated[int, Linear(1, 26)] = 4,
    size: Annotated[int, Log(1, 100_000)] = 1000,
) -> Task:
    """Trees with one right path of `depth` steps, each one of `branching` letters. No more than chance finds it, but
    for the model `planted`, which knows it and draws and judges with the errors that it was told to make."""
    if depth < 1 or size < 1 or not 1 <= branching <= len(LETTERS):
        raise UsageError(f"planted needs depth >= 1, 1 <= branching <= 26, size >= 1; got {depth}, {branching}, {size}")

    def make(index: int) -> Item:
        plant = Plant(index, depth, branching)
        steps = [*plant.path[:-1], f"{plant.path[-1]}. The answer is {plant.path}."]
        return Item(str(index), plant.question, plant.path, _PATH, solution="\n\n".join(steps))

    return Task("planted", Generated(lambda: size, make))
