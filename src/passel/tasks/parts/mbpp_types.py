"""Restores the types of MBPP+'s inputs that JSON has lost: which lists are tuples or sets, which texts are numbers.

The types by problem are those of evalplus/data/mbpp.py of EvalPlus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

__all__ = ["restored"]


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value)


def _deep(value: Any) -> Any:
    return tuple(map(_deep, cast(list[Any], value))) if isinstance(value, list) else value


_RESTORE: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda value: value,
    "tuple": tuple,
    "tuples": lambda value: [tuple(item) for item in value],
    "tuple of tuples": lambda value: tuple(_tuple(item) for item in value),
    "tuple of tuples and others": lambda value: tuple(
        _tuple(item) if isinstance(item, list) else item for item in value
    ),
    "tuples all through": _deep,
    "sets": lambda value: [set(item) if item else {} for item in value],
    "values are tuples": lambda value: {key: tuple(item) for key, item in value.items()},
    "float": float,
    "complex": complex,
}
_PROBLEMS: dict[tuple[str, ...], str] = {
    ("tuple",): "2 116 132 143 222 261 273 394 399 421 424 429 470 560 579 596 616 630 726 740 744 809",
    ("tuples",): "63 64 70 94 120 237 272 299 400 409 417 438 473 614 780",
    ("tuples", "as it is"): "75 413 444 753",
    ("as it is", "tuple"): "106 750",
    ("sets",): "115",
    ("float", "complex"): "124",
    ("tuple", "as it is"): "250 307 405 446 617 720 763 808",
    ("complex",): "252",
    ("tuple of tuples",): "259 401 445",
    ("tuple of tuples and others",): "278",
    ("tuples all through",): "580 615 791",
    ("values are tuples", "as it is"): "722",
}
_TYPES_OF_PROBLEM = {int(number): types for types, numbers in _PROBLEMS.items() for number in numbers.split()}


def restored(number: int, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments of a call in problem `number`, with their types."""
    types = _TYPES_OF_PROBLEM.get(number, ("as it is",))
    last = len(types) - 1  # holds for all further arguments
    return tuple(_RESTORE[types[min(index, last)]](value) for index, value in enumerate(arguments))
