"""Problems that the adapter passel-reasoner-135m was not trained on. They come with Passel: no download, no extra."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import as_file, files
from typing import Literal

from passel.tasks.parts.files import read_rows
from passel.tasks.parts.kinds import NUMBER
from passel.tasks.parts.task import Item, LoadedItems, Task

__all__ = ["held_out"]

_FILE = ("models", "catalog", "passel-reasoner-135m", "held_out.jsonl")


def held_out(*, set: Literal["all", "multiarith", "svamp"] = "multiarith") -> Task:  # noqa: A002
    """Held-out problems: 200 of MultiArith, held out by whole templates, 300 of SVAMP (rows 700 to 999), or both."""

    def load() -> Iterable[Item]:
        with as_file(files("passel").joinpath(*_FILE)) as path:
            rows = [*read_rows(path)]
        for number, row in rows:
            if set in ("all", row["set"]):
                yield Item(str(number), row["question"], row["answer"], NUMBER, details={"set": row["set"]})

    return Task("held_out", LoadedItems(load))
