"""Ladders: a method in several sizes, each with a verifier of planted trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from passel.core.errors import UsageError
from passel.core.options import parameters, split_spec
from passel.core.ranges import Range
from passel.core.registry import find
from passel.methods import load

__all__ = ["LADDERS", "STEPS_JUDGED", "ladder"]

STEPS_JUDGED = "verifier=prm:verifier.aggregate=last"
"""A verifier that also scores unfinished solutions."""

SIZES = (1, 2, 4, 8, 16, 32, 64)

LADDERS: dict[str, tuple[str, Sequence[str]]] = {
    "a_star": ("n", [f"n={n}:expansions=64" for n in (1, 2, 3, 4, 6, 8)]),
    "beam": ("n", [f"n={n}:width={min(4, max(1, n // 2))}" for n in SIZES]),
    "mcts": ("simulations", [f"simulations={count}" for count in (2, 4, 8, 16, 32, 64)]),
    "saffron": ("n", [f"n={n}" for n in (1, 2, 4, 8)]),
    "step_best_of": ("n", [f"n={n}" for n in (1, 2, 4, 8, 16, 32)]),
}
"""By method, the option that is its size, and the options of each rung, the cheapest first. Default: the option n."""

SIMULATED = {"generator", "reward", "tool"}


def ladder(spec: str) -> tuple[str, ...]:
    """The method's specs from its smallest size to its largest. Options that the spec sets stay as they are.

    Raises:
        UsageError: a method without a size, or a method that needs a role that the simulation lacks.

    >>> ladder("best_of")[:2], ladder("beam:n=8")
    (('best_of:n=1:verifier=orm', 'best_of:n=2:verifier=orm'), ('beam:n=8:verifier=prm:verifier.aggregate=last',))
    """
    name, options = split_spec(spec)
    own = parameters(find("methods", ":".join(name)))
    size, rungs = LADDERS.get(name[0], ("n", [f"n={n}" for n in SIZES if n >= _lowest(own.get("n"))]))
    if size not in own and not options:
        raise UsageError(f"method {name[0]} has no option n that sets its size, so it has no forecast")
    judged = _judge(spec, "verifier" in own and "verifier" not in options)
    found = [""] if size in options or size not in own else [_without(rung, options) for rung in rungs]
    specs = tuple(":".join(filter(None, [spec, rung, judged])) for rung in found)
    needed = {role for one in specs[:1] for role in load(one).needs} - SIMULATED
    if needed:
        raise UsageError(
            f"method {spec} needs a {min(needed)}, which is not simulated: only a generator and its verifier are"
        )
    return specs


def _lowest(option: tuple[Any, Any] | None) -> float:
    """The smallest valid value of an option, by its annotation."""
    marks = get_args(option[0])[1:] if option else ()
    return next((mark.low for mark in marks if isinstance(mark, Range)), 1)


def _judge(spec: str, wanted: bool) -> str:
    """The verifier option: step by step where the method continues unfinished solutions; "" where it is not wanted."""
    if not wanted:
        return ""
    return STEPS_JUDGED if "prefix" in load(spec).needs.get("generator", ()) else "verifier=orm"


def _without(rung: str, options: dict[str, str]) -> str:
    """The rung's options without those that the spec sets."""
    return ":".join(part for part in rung.split(":") if part.partition("=")[0] not in options)
