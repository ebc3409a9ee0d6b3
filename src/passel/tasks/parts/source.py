"""Where the rows of a data set come from: the folder named by PASSEL_DATA, else the Hugging Face hub."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from passel.core.errors import UsageError
from passel.core.extras import has, need
from passel.tasks.parts.files import Row, read_file, read_rows
from passel.tasks.parts.task import Item, Loaded, Task

__all__ = ["Hub", "Source", "make"]


@dataclass(frozen=True, slots=True)
class Hub:
    """A data set on the hub.

    Args:
        name: "owner/name".
        split: "test", or several joined by "+".
        config: its configuration, or None.
        fields: our field name -> the hub's, where they differ.
    """

    name: str
    split: str = "test"
    config: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict[str, str])

    def rows(self) -> Iterator[Row]:
        """Its rows under our field names; needs the package `datasets` and a network."""
        try:
            table: Iterable[dict[str, Any]] = need("datasets", "hub").load_dataset(
                self.name, self.config, split=self.split
            )
            for row in table:
                yield row | {ours: row[theirs] for ours, theirs in self.fields.items()}
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(f"{self.name} cannot be loaded from the hub: {error}") from error


@dataclass(frozen=True, slots=True)
class Source:
    """Files (with or without .gz) in the folder named by PASSEL_DATA, and where else the same rows are."""

    files: tuple[str, ...]
    hub: Hub | None = None

    def text(self) -> str:
        """The text of all files, one after the other. Raises UsageError that says how to get the data."""
        paths = [_path(file) for file in self.files]
        if not all(paths):
            raise UsageError(f"no data: set PASSEL_DATA to a folder with {' and '.join(self.files)}")
        return "\n".join([read_file(path) for path in paths if path])

    def rows(self) -> Iterator[Row]:
        """The rows of all files, in order. Raises UsageError that says how to get the data."""
        paths = [_path(file) for file in self.files]
        if all(paths):
            for path in filter(None, paths):
                yield from (row for _, row in read_rows(path))
        elif self.hub and has("datasets"):
            yield from self.hub.rows()
        else:
            else_hub = ', or pip install "passel[hub]"' if self.hub else ""
            raise UsageError(f"no data: set PASSEL_DATA to a folder with {' and '.join(self.files)}{else_hub}")


def _path(file: str) -> Path | None:
    folder = os.environ.get("PASSEL_DATA", "")
    tried = [Path(folder, file), Path(folder, f"{file}.gz")] if folder else []
    return next((path for path in tried if path.is_file()), None)


def make(
    name: str,
    files: str | tuple[str, ...],
    item: Callable[[int, Row], Item | None],
    hub: Hub | None = None,
    *,
    instruction: str | None = None,
) -> Task:
    """A task over the rows of a data set. `item` turns a row (with its index) into an item; None leaves it out."""
    source = Source((files,) if isinstance(files, str) else files, hub)

    def load() -> Iterable[Item]:
        return (found for index, row in enumerate(source.rows()) if (found := item(index, row)) is not None)

    return Task(name, Loaded(load), instruction)
