"""Hidden tests by outputs: a program must return what the reference program returns, as EvalPlus scores it.

How outputs may differ follows eval/__init__.py and eval/_special_oracle.py of EvalPlus (Liu et al. 2023, arXiv
2305.01210).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, cast

from passel.sandbox.programs.packing import unpack
from passel.sandbox.programs.runner import MAX_SECONDS, Program, outputs_of

__all__ = ["OutputTests", "nearly_equal", "outputs_agree"]

_RELATIVE, _ABSOLUTE = 1e-7, 1e-6
_AS_SETS = """
    similar_elements find_char_long common_in_nested_lists extract_singly larg_nnum intersection_array find_dissimilar
    Diff
"""
_NOT_NONE = frozenset({"check_str", "text_match_three", "text_starta_endb"})
_ERRORS = (ValueError, TypeError, LookupError, OverflowError, RecursionError, ArithmeticError)


@dataclass(frozen=True)
class OutputTests:
    """Inputs, and a reference program whose outputs are right. The reference runs once, in the sandbox, on first use.

    A program runs in a sandbox that holds only the inputs. Outputs are compared outside, so a program cannot look up or
    alter the expected outputs.

    Args:
        inputs: arguments of each call.
        tolerance: absolute, for floats; 0: exact, but 1e-6 where the expected output is a float or a list of floats.
        seconds: processor time for each input; for all together `MAX_SECONDS`.
    """

    inputs: tuple[tuple[Any, ...], ...]
    reference: Program
    tolerance: float
    seconds: float
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def score(self, program: str) -> float | None:
        """See `HiddenTests`. None where the reference program does not come to its end."""
        try:
            with self.lock:
                expected = self._expected
        except TimeoutError:
            return None
        name = self.reference.entry_point
        outputs, error = outputs_of(Program(program, self.reference.prompt, name), self.inputs, seconds=self.seconds)
        if error or len(outputs) != len(expected):
            return 0.0
        return float(all(map(self._right, self.inputs, outputs, expected)))

    @cached_property
    def _expected(self) -> list[Any]:
        outputs, error = outputs_of(self.reference, self.inputs, seconds=MAX_SECONDS)
        if error:
            raise TimeoutError(error)  # not kept: the machine may have been busy
        return [unpack(packed) for packed in outputs]

    def _right(self, arguments: tuple[Any, ...], packed: Any, expected: Any) -> bool:
        try:
            return outputs_agree(self.reference.entry_point, arguments, unpack(packed), expected, self.tolerance)
        except _ERRORS:
            return False


def outputs_agree(name: str, arguments: Sequence[Any], output: Any, expected: Any, tolerance: float) -> bool:
    """Whether an output is right, given the expected output, for the problem whose entry point is `name`."""
    if name == "find_zero":  # any root
        (coefficients,) = arguments
        return abs(sum(c * math.pow(output, power) for power, c in enumerate(coefficients))) <= tolerance
    if name in _AS_SETS.split():
        return set(output) == set(expected)
    if name in _NOT_NONE:  # a match or True
        return output == (expected is not None) if isinstance(output, bool) else (output is None) == (expected is None)
    if output == expected or (name in _ALSO_RIGHT and _ALSO_RIGHT[name](arguments, output, tolerance)):
        return True
    if not tolerance and not _floats(expected):
        return False
    return type(output) is type(expected) and nearly_equal(output, expected, tolerance or _ABSOLUTE)


def nearly_equal(output: Any, expected: Any, tolerance: float) -> bool:
    """Whether two numbers, or two nested sequences of numbers of the same shape, differ by at most
    tolerance + 1e-7 |expected|."""
    if isinstance(expected, list | tuple):
        items = cast(Sequence[Any], expected)
        if not isinstance(output, list | tuple) or len(cast(Sequence[Any], output)) != len(items):
            return False
        return all(nearly_equal(a, b, tolerance) for a, b in zip(cast(Sequence[Any], output), items, strict=True))
    if not isinstance(output, int | float | complex) or not isinstance(expected, int | float | complex):
        return False
    return output == expected or abs(output - expected) <= tolerance + _RELATIVE * abs(expected)


def _floats(value: Any) -> bool:
    if isinstance(value, list | tuple):
        items = cast(Sequence[Any], value)
        return bool(items) and all(isinstance(item, float) for item in items)
    return isinstance(value, float)


def _surface(arguments: Sequence[Any], output: Any, tolerance: float) -> bool:
    """The surface of the pyramid, if the given height is that of its apex above its base."""
    edge, height = arguments
    return abs(output - round(edge**2 + 2 * edge * math.hypot(edge / 2, height))) <= tolerance


def _digits(arguments: Sequence[Any], output: Any, tolerance: float) -> bool:
    """The distance, if the shorter number is filled up with zeros in front."""
    first, second = map(str, arguments)
    width = max(len(first), len(second))
    return output == sum(abs(int(a) - int(b)) for a, b in zip(first.zfill(width), second.zfill(width), strict=True))


_ALSO_RIGHT: dict[str, Callable[[Sequence[Any], Any, float], bool]] = {
    "are_equivalent": lambda arguments, output, tolerance: True,
    "sum_div": lambda arguments, output, tolerance: output == 0,
    "surface_Area": _surface,
    "digit_distance_nums": _digits,
}
"""Other outputs that EvalPlus accepts, because the question permits them."""
