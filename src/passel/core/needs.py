"""What a method needs of the models that play its roles: declared beside the method, checked before anything is
spent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from passel.core.errors import Impossible
from passel.core.model import ModelInfo
from passel.core.options import parameters

__all__ = ["GOLD", "Needs", "check_needs", "needs", "needs_of"]

F = TypeVar("F", bound=Callable[..., Any])
Needs = Mapping[str, frozenset[str]]

GOLD = frozenset({"check", "reference"})
"""Tools that reveal the right answer: the task's own scoring, and its reference solution."""


def needs(*, also: Callable[[Mapping[str, Any]], Mapping[str, str]] | None = None, **roles: str) -> Callable[[F], F]:
    """Declares the needs of a function by role: `@needs(generator="text", verifier="score")`.

    Capabilities are separated by spaces. A function among the arguments, such as a verifier, adds its own needs.
    Where the roles depend on the options, `also` returns more roles for them.
    """

    def mark(function: F) -> F:
        function.__also_needs__ = also  # type: ignore[attr-defined]
        function.__needs__ = {role: frozenset(wanted.split()) for role, wanted in roles.items()}  # type: ignore[attr-defined]
        return function

    return mark


def needs_of(function: Callable[..., Any], arguments: Mapping[str, Any] | None = None) -> Needs:
    """Returns the needs of a function, of the functions among its arguments, and of those among theirs."""
    total: dict[str, frozenset[str]] = dict(getattr(function, "__needs__", {}))
    if (also := getattr(function, "__also_needs__", None)) is not None:
        for role, wanted in also(_own(function) | dict(arguments or {})).items():
            total[role] = total.get(role, frozenset()) | frozenset(wanted.split())
    for value in (arguments or {}).values():
        if callable(value):
            for role, wanted in needs_of(value, _own(value)).items():
                total[role] = total.get(role, frozenset()) | wanted
    return total


def _own(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: default for name, (_, default) in parameters(function).items()}


def check_needs(what: str, wanted: Needs, infos: Mapping[str, ModelInfo]) -> None:
    """Raises Impossible if a role's model lacks what the role needs.

    A role without a model is played by the generator's. The role "tool" names tools, which the task provides.
    """
    for role, capabilities in wanted.items():
        if role == "tool":
            continue
        info = infos.get(role) or infos["generator"]
        if missing := sorted(capabilities - info.can):
            raise Impossible(
                f"{what} needs {', '.join(missing)} of its {role}, which {info.name} does not offer "
                f"(it can: {', '.join(sorted(info.can))})"
            )
