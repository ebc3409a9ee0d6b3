"""A method, verifier, decoding method or recipe with its options set, from the text that a user wrote."""

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
        name: its spec, as the user wrote it.
        make: the function with its options set.
        options: all options by name, defaults included.
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
        """Whether it asks the task for the right answer."""
        return bool(self.needs.get("tool", frozenset()) & GOLD)

    def around(self, make: F, needs: Needs | None = None) -> Configured[F]:
        """Returns it under the same name with another function around it, which may need more."""
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
        room: the folder of `passel` to look in.
        spec: as on the command line.
        given: options as values, or as text as in a spec; they override those of the spec.
        defaults: values of options that neither the spec nor `given` sets; names that it does not have are ignored.
        noun: for messages; default: the room's name without its s.

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
