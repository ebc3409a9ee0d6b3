"""What jaxtyping's import hook checks functions with, under pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray


def arrays_checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """beartype of the annotations that speak of arrays. pyright checks the others, of which many are protocols, that
    cannot be checked as a program runs."""
    hints = function.__annotations__
    function.__annotations__ = {name: hint if _of_arrays(hint) else Any for name, hint in hints.items()}
    return beartype(function)


def _of_arrays(hint: Any) -> bool:
    return (isinstance(hint, type) and issubclass(hint, AbstractArray)) or any(map(_of_arrays, get_args(hint)))
