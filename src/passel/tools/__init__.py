"""Tools that flows call by name: one file each, found by its file name.

A tool is a function from keyword arguments to a JSON value (or an awaitable of one). A file may hold a function `ready`
that raises UsageError where the tool cannot work on this machine; it is asked before anything is spent.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from passel.core.driver import Tool
from passel.core.registry import find, names

__all__ = ["Tools", "check_ready"]

_NONE: Mapping[str, Tool] = {}


class Tools(Mapping[str, Tool]):
    """The tools for one problem: the task's own tools, and after them all tools of the room."""

    def __init__(self, own: Mapping[str, Tool] = _NONE) -> None:
        self._own = own

    def __getitem__(self, name: str) -> Tool:
        if name in self._own:
            return self._own[name]
        if name not in names("tools"):
            raise KeyError(name)
        return find("tools", name)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._own, *names("tools")}))

    def __len__(self) -> int:
        return len({*self._own, *names("tools")})


def check_ready(wanted: Iterable[str]) -> None:
    """Raises UsageError if a tool of the room is wanted and cannot work here."""
    for name in set(wanted) & set(names("tools")):
        module: Any = importlib.import_module(find("tools", name).__module__)
        getattr(module, "ready", lambda: None)()
