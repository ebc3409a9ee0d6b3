"""A task by its name and options, as a user writes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from passel.core.errors import UsageError
from passel.core.options import bind, parameters, split_spec
from passel.core.registry import find
from passel.tasks.parts.files import is_table
from passel.tasks.parts.task import Task
from passel.tasks.parts.user_file import user_file

__all__ = ["load"]


def load(spec: str) -> Task:
    """`NAME[:PART...][:option=value...]` as a task: `gsm8k:split=train`, `rg:chain_sum:min_terms=3`,
    `mine.csv:answer=a`, `mine.py:my_task`. Its name is the spec.

    A plus in a name (`humaneval+`) stands for `_plus`. Raises UsageError naming the nearest valid name or option.
    """
    parts, options = split_spec(spec)
    if is_table(":".join(parts)):
        path = ":".join(parts)
        return replace(user_file(path, **bind(user_file, options, path)), name=spec)
    words = 2 if parts[0].endswith(".py") else 1
    name, given = ":".join(parts[:words]), parts[words:]
    name = name.replace("+", "_plus") if words == 1 else name
    function = find("tasks", name)
    _check(function, name, given)
    known = parameters(function)
    free = {} if not _takes_any(function) else {key: text for key, text in options.items() if key not in known}
    bound = bind(function, {key: text for key, text in options.items() if key not in free}, name)
    return replace(function(*given, **bound, **free), name=spec)


def _check(function: Callable[..., Any], name: str, given: list[str]) -> None:
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [p.name for p in inspect.signature(function).parameters.values() if p.kind in by_place]
    if len(given) < len(wanted):
        raise UsageError(f"task {name} needs a {wanted[len(given)]}: {name}:{':'.join(n.upper() for n in wanted)}")
    if len(given) > len(wanted):
        options = ", ".join(parameters(function)) or "none"
        raise UsageError(f"task {name} has no part {given[len(wanted)]!r}; options (option=value): {options}")


def _takes_any(function: Callable[..., Any]) -> bool:
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in inspect.signature(function).parameters.values())
