"""A method in several sizes, each with the verifier that a planted tree has."""

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
"""Judges a solution as far as it goes."""

SIZES = (1, 2, 4, 8, 16, 32, 64)

LADDERS: dict[str, tuple[str, Sequence[str]]] = {
    "a_star": ("n", [f"n={n}:expansions=64" for n in (1, 2, 3, 4, 6, 8)]),
    "beam": ("n", [f"n={n}:width={min(4, max(1, n // 2))}" for n in SIZES]),
    "mcts": ("simulations", [f"simulations={count}" for count in (2, 4, 8, 16, 32, 64)]),
    "saffron": ("n", [f"n={n}" for n in (1, 2, 4, 8)]),
    "step_best_of": ("n", [f"n={n}" for n in (1, 2, 4, 8, 16, 32)]),
}
"""By method the option that is its size, and the options of each rung, the cheapest first. All others grow by n."""

PLAYED = {"generator", "reward", "tool"}


def ladder(spec: str) -> tuple[str, ...]:
    """The method's specs from its smallest size to its largest. What the spec sets stays as it is set.

    Raises UsageError for a method that has no size, or that asks for more than drawn steps and their rewards.

    >>> ladder("best_of")[:2], ladder("beam:n=8")
    (('best_of:n=1:verifier=orm', 'best_of:n=2:verifier=orm'), ('beam:n=8:verifier=prm:verifier.aggregate=last',))
    """
    name, options = split_spec(spec)
    own = parameters(find("methods", ":".join(name)))
    size, rungs = LADDERS.get(name[0], ("n", [f"n={n}" for n in SIZES if n >= _least(own.get("n"))]))
    if size not in own and not options:
        raise UsageError(f"method {name[0]} has no option n by which it grows, so nothing can be planned of it")
    judged = _judge(spec, "verifier" in own and "verifier" not in options)
    found = [""] if size in options or size not in own else [_without(rung, options) for rung in rungs]
    specs = tuple(":".join(filter(None, [spec, rung, judged])) for rung in found)
    asked = {role for one in specs[:1] for role in load(one).needs} - PLAYED
    if asked:
        raise UsageError(
            f"method {spec} asks for a {min(asked)}, whom the simulation does not play: it draws steps and rewards them"
        )
    return specs


def _least(option: tuple[Any, Any] | None) -> float:
    """The smallest valid value of an option, by its annotation."""
    marks = get_args(option[0])[1:] if option else ()
    return next((mark.low for mark in marks if isinstance(mark, Range)), 1)


def _judge(spec: str, wanted: bool) -> str:
    """What judges solutions: step by step where the method goes on from a begun one."""
    if not wanted:
        return ""
    return STEPS_JUDGED if "prefix" in load(spec).needs.get("generator", ()) else "verifier=orm"


def _without(rung: str, options: dict[str, str]) -> str:
    """The rung's options but those that the spec sets."""
    return ":".join(part for part in rung.split(":") if part.partition("=")[0] not in options)
