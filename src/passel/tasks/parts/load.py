"""A task by its name and options, from the text that a user wrote."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from passel.core.configured import Configured
from passel.core.errors import UsageError
from passel.core.needs import needs_of
from passel.core.options import bind, parameters, split_spec
from passel.core.registry import find, origin
from passel.tasks.parts.files import is_table
from passel.tasks.parts.task import Task
from passel.tasks.parts.user_file import user_file

__all__ = ["configured", "load"]


def load(spec: str) -> Task:
    """The task of a spec, see `configured`. Its name is the spec."""
    return replace(configured(spec).make(), name=spec)


def configured(spec: str) -> Configured[Callable[[], Task]]:
    """`NAME[:ARGUMENT...][:option=value...]` with its options set: `gsm8k:split=train`, `rg:chain_sum:min_terms=3`,
    `mine.csv:answer=a`, `mine.py:my_task`.

    A plus in a name (`humaneval+`) stands for `_plus`. Raises UsageError naming the nearest valid name or option.
    """
    parts, texts = split_spec(spec)
    path = ":".join(parts)
    if is_table(path):
        return _configured(spec, path, user_file, (path,), texts, source=path)
    words = 2 if parts[0].endswith(".py") else 1
    name = ":".join(parts[:words]) if words == 2 else parts[0].replace("+", "_plus")
    function = find("tasks", name, "task")
    _check_arguments(function, name, parts[words:])
    return _configured(spec, name, function, parts[words:], texts, source=origin("tasks", name))


def _configured(
    spec: str,
    name: str,
    function: Callable[..., Task],
    arguments: Sequence[str],
    texts: Mapping[str, str],
    source: str,
) -> Configured[Callable[[], Task]]:
    known = parameters(function)
    others = {option for option in texts if option not in known} if _takes_any_option(function) else set[str]()
    options: dict[str, Any] = bind(function, {o: text for o, text in texts.items() if o not in others}, f"task {name}")
    options |= {option: texts[option] for option in others}
    every = {option: default for option, (_, default) in known.items()} | options
    return Configured(spec, partial(function, *arguments, **options), every, needs_of(function, every), source)


def _check_arguments(function: Callable[..., Any], name: str, arguments: Sequence[str]) -> None:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [p.name for p in inspect.signature(function).parameters.values() if p.kind in positional]
    if len(arguments) < len(wanted):
        raise UsageError(f"task {name} needs a {wanted[len(arguments)]}: {name}:{':'.join(n.upper() for n in wanted)}")
    if len(arguments) > len(wanted):
        options = ", ".join(parameters(function)) or "none"
        raise UsageError(f"task {name} has no part {arguments[len(wanted)]!r}; options (option=value): {options}")


def _takes_any_option(function: Callable[..., Any]) -> bool:
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in inspect.signature(function).parameters.values())
