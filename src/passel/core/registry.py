"""The registry: methods, tasks, models and the like by name. Each is a file in a room, an entry point of another
package, or `path.py:function`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from passel.core.errors import UsageError, unknown

__all__ = ["Room", "find", "listed", "names", "origin"]


@dataclass(frozen=True, slots=True)
class Room:
    """Annotates a parameter whose value is found by name in a room: Annotated[Verifier, Room("verifiers")]."""

    name: str


@cache
def _own(room: str) -> frozenset[str]:
    package = importlib.import_module(f"passel.{room}")
    return frozenset(m.name for m in pkgutil.iter_modules(package.__path__) if not m.ispkg and m.name[0] != "_")


@cache
def _foreign(room: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"passel.{room}")}


def names(room: str) -> list[str]:
    """Returns all names of a room, sorted: its files, and other packages' entry points (group `passel.ROOM`)."""
    return sorted(_own(room) | _foreign(room).keys())


def origin(room: str, name: str) -> str:
    """Returns where a name comes from: "built in", the package whose entry point it is, or the file of
    `path.py:function`.

    Raises UsageError with the nearest names if there is none.

    >>> origin("methods", "vote")
    'built in'
    """
    if ".py:" in name:
        return name.rsplit(":", 1)[0]
    if name in _own(room):
        return "built in"
    if point := _foreign(room).get(name):
        return point.dist.name if point.dist else point.value.partition(":")[0]
    raise unknown(room.rstrip("s"), name, names(room))


def listed(room: str) -> dict[str, str]:
    """Returns all names of a room, each with its `origin`."""
    return {name: origin(room, name) for name in names(room)}


def find(room: str, name: str, noun: str | None = None) -> Callable[..., Any]:
    """Returns what a name stands for: the object NAME in `room/NAME.py`, an entry point, or `path.py:function`.

    Raises UsageError with the nearest names if there is none. `noun` is for its message; default: the room's name
    without its s.
    """
    if ".py:" in name:
        path, function = name.rsplit(":", 1)
        return _from_file(path, Path(path).expanduser().resolve(), function)
    if name in _own(room):
        return getattr(importlib.import_module(f"passel.{room}.{name}"), name)
    if point := _foreign(room).get(name):
        return point.load()
    raise unknown(noun or room.rstrip("s"), name, names(room))


@cache
def _from_file(path: str, file: Path, function: str) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(f"passel_user_{file.stem}", file) if file.is_file() else None
    if spec is None or spec.loader is None:
        raise UsageError(f"no Python file at {path}")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    found = getattr(module, function, None)
    if not callable(found):
        raise unknown(f"function in {path}:", function, [n for n in vars(module) if callable(vars(module)[n])])
    return found
