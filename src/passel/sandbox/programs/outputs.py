"""Hidden tests by outputs: a program must return what the reference program returns, as EvalPlus scores it.

What outputs may differ in follows eval/__init__.py and eval/_special_oracle.py of EvalPlus (Liu et al. 2023, arXiv
2305.01210).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, cast

from passel.sandbox.programs.runs import LONGEST_RUN, Program, outputs_of
from passel.sandbox.programs.values import unpack

__all__ = ["Outputs", "agree", "close"]

_RELATIVE, _ABSOLUTE = 1e-7, 1e-6
_AS_SETS = """
    similar_elements find_char_long common_in_nested_lists extract_singly larg_nnum intersection_array find_dissimilar
    Diff
"""
_NOT_NONE = frozenset({"check_str", "text_match_three", "text_starta_endb"})
_FAULTS = (ValueError, TypeError, LookupError, OverflowError, RecursionError, ArithmeticError)


@dataclass(frozen=True)
class Outputs:
    """Inputs, and a reference program that says what is right for them; it runs once, in the sandbox, on first use.

    The sandbox in which a program is tried holds the inputs alone: outputs are compared outside, so that a program
    cannot look up or alter what is expected of it.

    Args:
        inputs: arguments of each call.
        tolerance: absolute, for floats; 0: exact, but 1e-6 where floats are expected.
        seconds: processor time for each input; for all of them `LONGEST_RUN`.
    """

    inputs: tuple[tuple[Any, ...], ...]
    reference: Program
    tolerance: float
    seconds: float
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def worth(self, program: str) -> float | None:
        """See `Trial`. None where the reference program does not come to its end."""
        try:
            with self.lock:
                wanted = self._wanted
        except TimeoutError:
            return None
        name = self.reference.entry_point
        found, error = outputs_of(Program(program, self.reference.prompt, name), self.inputs, seconds=self.seconds)
        if error or len(found) != len(wanted):
            return 0.0
        pairs = zip(self.inputs, found, wanted, strict=True)
        return float(all(self._right(arguments, packed, expected) for arguments, packed, expected in pairs))

    @cached_property
    def _wanted(self) -> list[Any]:
        found, error = outputs_of(self.reference, self.inputs, seconds=LONGEST_RUN)
        if error:
            raise TimeoutError(error)  # not kept: the machine may have been busy
        return [unpack(packed) for packed in found]

    def _right(self, arguments: tuple[Any, ...], packed: Any, expected: Any) -> bool:
        try:
            return agree(self.reference.entry_point, arguments, unpack(packed), expected, self.tolerance)
        except _FAULTS:
            return False


def agree(name: str, arguments: Sequence[Any], found: Any, expected: Any, tolerance: float) -> bool:
    """Whether an output is as good as the expected one, for the problem with this entry point."""
    if name == "find_zero":  # any root
        (coefficients,) = arguments
        return abs(sum(c * math.pow(found, power) for power, c in enumerate(coefficients))) <= tolerance
    if name in _AS_SETS.split():
        return set(found) == set(expected)
    if name in _NOT_NONE:  # a match or True
        return found == (expected is not None) if isinstance(found, bool) else (found is None) == (expected is None)
    if found == expected or (name in _ALSO and _ALSO[name](arguments, found, tolerance)):
        return True
    if not tolerance and not _floats(expected):
        return False
    return type(found) is type(expected) and close(found, expected, tolerance or _ABSOLUTE)


def close(found: Any, expected: Any, tolerance: float) -> bool:
    """Whether numbers, or sequences of the same shape of them, differ by at most tolerance + 1e-7 |expected|."""
    if isinstance(expected, list | tuple):
        items = cast(Sequence[Any], expected)
        if not isinstance(found, list | tuple) or len(cast(Sequence[Any], found)) != len(items):
            return False
        return all(close(a, b, tolerance) for a, b in zip(cast(Sequence[Any], found), items, strict=True))
    if not isinstance(found, int | float | complex) or not isinstance(expected, int | float | complex):
        return False
    return found == expected or abs(found - expected) <= tolerance + _RELATIVE * abs(expected)


def _floats(value: Any) -> bool:
    if isinstance(value, list | tuple):
        items = cast(Sequence[Any], value)
        return bool(items) and all(isinstance(item, float) for item in items)
    return isinstance(value, float)


def _surface(arguments: Sequence[Any], found: Any, tolerance: float) -> bool:
    """The height of the pyramid taken as that of its apex over its base."""
    edge, height = arguments
    return abs(found - round(edge**2 + 2 * edge * math.hypot(edge / 2, height))) <= tolerance


def _digits(arguments: Sequence[Any], found: Any, tolerance: float) -> bool:
    """The shorter number filled up with zeros in front."""
    one, other = map(str, arguments)
    width = max(len(one), len(other))
    return found == sum(abs(int(a) - int(b)) for a, b in zip(one.zfill(width), other.zfill(width), strict=True))


_ALSO: dict[str, Callable[[Sequence[Any], Any, float], bool]] = {
    "are_equivalent": lambda arguments, found, tolerance: True,
    "sum_div": lambda arguments, found, tolerance: found == 0,
    "surface_Area": _surface,
    "digit_distance_nums": _digits,
}
"""Other answers that EvalPlus takes for right, the question being open to them."""
