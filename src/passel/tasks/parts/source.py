"""The source of a data set's rows: the folder PASSEL_DATA, else the Hugging Face hub."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from passel.core.errors import UsageError
from passel.core.extras import has, need
from passel.tasks.parts.files import Row, read_file, read_rows
from passel.tasks.parts.task import Item, LoadedItems, Task

__all__ = ["DataSource", "Hub", "task_from_rows"]


@dataclass(frozen=True, slots=True)
class Hub:
    """A data set on the Hugging Face hub.

    Args:
        name: "owner/name".
        split: "test", or several joined by "+".
        config: its configuration, or None.
        fields: our name of a field -> the hub's name, where they differ.
    """

    name: str
    split: str = "test"
    config: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict[str, str])

    def rows(self) -> Iterator[Row]:
        """The rows, with our names of the fields; needs the package `datasets` and a network."""
        try:
            table: Iterable[dict[str, Any]] = need("datasets", "hub").load_dataset(
                self.name, self.config, split=self.split
            )
            for row in table:
                yield row | {name: row[field] for name, field in self.fields.items()}
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(f"{self.name} cannot be loaded from the hub: {error}") from error


@dataclass(frozen=True, slots=True)
class DataSource:
    """Files (with or without .gz) in the folder PASSEL_DATA, and a data set on the hub with the same rows."""

    files: tuple[str, ...]
    hub: Hub | None = None

    def text(self) -> str:
        """The text of all files, in order. Raises UsageError, with how to get the data, if a file is missing."""
        paths = [_path(file) for file in self.files]
        if not all(paths):
            raise UsageError(f"no data: set PASSEL_DATA to a folder with {' and '.join(self.files)}")
        return "\n".join([read_file(path) for path in paths if path])

    def rows(self) -> Iterator[Row]:
        """The rows of all files, in order. Raises UsageError, with how to get the data, if a file is missing."""
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


def task_from_rows(
    name: str,
    files: str | tuple[str, ...],
    item: Callable[[int, Row], Item | None],
    hub: Hub | None = None,
    *,
    instruction: str | None = None,
) -> Task:
    """The task over the rows of a data set. `item` is a function from an index and a row to an item, or to None to
    leave the row out."""
    source = DataSource((files,) if isinstance(files, str) else files, hub)

    def load() -> Iterable[Item]:
        items = (item(index, row) for index, row in enumerate(source.rows()))
        return (item for item in items if item is not None)

    return Task(name, LoadedItems(load), instruction)
