"""Finding a method in a pilot: by its name and all of its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from passel.core.errors import UsageError
from passel.core.options import parameters, split_spec
from passel.methods import load

__all__ = ["figures_of", "identity"]


def identity(thing: Any) -> Any:
    """A method or verifier in a form that can be compared: its name with the identity of every option. Other values are
    given by their repr.

    >>> from passel.methods import load
    >>> identity(load("vote:n=4").make) == identity(load("vote", {"n": 4}).make) != identity(load("vote").make)
    True
    """
    if not callable(thing):
        return repr(thing)
    name = getattr(thing, "__name__", repr(thing))
    return name, tuple((option, identity(default)) for option, (_, default) in sorted(parameters(thing).items()))


def figures_of(figures: Mapping[str, Any], method: Callable[..., Any]) -> Mapping[str, Any] | None:
    """A method's entry in the figures of a pilot (the tool's "methods", or those of a bin); None if it is not there.

    Methods of the pilot that cannot be found any more (a file that is gone), and methods with their own sampling
    parameters, which no option names, are passed over.
    """
    wanted = identity(method)
    return next((row for name, row in figures.items() if _of_spec(row.get("spec", name)) == wanted), None)


@cache
def _of_spec(spec: str) -> Any:
    if any(option.startswith("sampling.") for option in split_spec(spec)[1]):
        return None
    try:
        return identity(load(spec).make)
    except UsageError:
        return None
