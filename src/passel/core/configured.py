"""A thing of a room with its options set, from the text that a user wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from passel.core.needs import GOLD, Needs, needs_of
from passel.core.options import bind, configured, parameters, split_spec
from passel.core.registry import find, origin

__all__ = ["Configured", "load"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Configured(Generic[F]):
    """A method, verifier, decoding method or recipe with its options.

    Args:
        name: the text that it was found by.
        make: the function with its options set.
        options: all of them, by name, with the defaults.
        needs: what it needs of each role's model, with what its verifier or inner method needs.
        origin: "built in", a package, or a file.
    """

    name: str
    make: F
    options: Mapping[str, Any]
    needs: Needs
    origin: str

    @property
    def uses_gold(self) -> bool:
        """Whether it asks the task what is right."""
        return bool(self.needs.get("tool", frozenset()) & GOLD)

    def around(self, make: F, needs: Needs | None = None) -> Configured[F]:
        """The same under its name, with a function around it, which may need more."""
        return replace(self, make=make, needs=self.needs if needs is None else needs)


def load(
    room: str,
    spec: str,
    given: Mapping[str, Any] | None = None,
    *,
    defaults: Mapping[str, Any] | None = None,
    noun: str | None = None,
) -> Configured[Any]:
    """`NAME[:option=value...]`, an entry point of the group `passel.ROOM`, or `path.py:function`, with its options set.

    Args:
        room: the folder of `passel` that it is in.
        spec: as on the command line.
        given: options as values, or as text like those of the spec; they go before the spec's.
        defaults: options that are set where the thing has them and neither the spec nor `given` sets them.
        noun: what a message calls it; default: the room's name without its s.

    Raises UsageError naming the nearest valid name or option.

    >>> method = load("methods", "vote:n=4")
    >>> method.options["n"], method.origin
    (4, 'built in')
    """
    parts, texts = split_spec(spec)
    name = ":".join(parts)
    noun = noun or room.rstrip("s")
    function = find(room, name, noun)
    what = f"{noun} {parts[0]}"
    own = parameters(function)
    texts |= {option: value for option, value in (given or {}).items() if isinstance(value, str)}
    options = bind(function, texts, what)
    options |= {option: value for option, value in (given or {}).items() if not isinstance(value, str)}
    bind(function, {option: "" for option in options if option not in own}, what)
    for option, value in (defaults or {}).items():
        if option in own:
            options.setdefault(option, value)
    known = {option: default for option, (_, default) in own.items()} | options
    return Configured(spec, configured(function, options), known, needs_of(function, known), origin(room, name))
