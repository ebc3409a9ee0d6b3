"""A checker of arithmetic lines: does each equation hold, does it use known numbers, does the answer follow?"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem

__all__ = ["arithmetic", "checks"]

_NUMBER = r"-?\d+(?:\.\d+)?"
_STEP = re.compile(rf"^\s*\(?({_NUMBER})\)?\s*([-+*/%])\s*\(?({_NUMBER})\)?\s*=\s*({_NUMBER})\s*$", re.MULTILINE)
_APPLY: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


@needs()
def arithmetic(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """The share of checks that a solution of the form `a+b=c`, one operation a line, passes.

    For each line: the equation holds; both operands stand in the question or are results of earlier lines. For the
    whole: the answer is the last line's result; every number of the question is used.

    Source: ours; rule-based step checking as in the calculator annotations of Cobbe et al. 2021 (2110.14168).

    Returns: score; in [0, 1], 1 if every check passes; None if the text has no line of this form.

    Cost: generate = 0

    Guarantees: a slip in calculation never scores 1. A wrong choice of operations can.

    Deviations: none.

    >>> from passel.core.play import play
    >>> play(arithmetic(Problem("1", "What is 4 + 3 + 2?"), "4+3=7\\n7+2=9\\nThe answer is 9.", key=Key())).value
    1.0
    """
    yield from ()
    passed = list(checks(problem, text))
    return sum(passed) / len(passed) if passed else None


def checks(problem: Problem, text: str) -> Iterator[bool]:
    """Each check of `arithmetic` in turn; nothing for a text without a line of its form."""
    asked = [Fraction(number) for number in re.findall(r"\d+(?:\.\d+)?", problem.question.replace(",", ""))]
    known, used = set(asked), set[Fraction]()
    result: Fraction | None = None
    ends = 0
    for step in _STEP.finditer(text):
        left, sign, right, said = step.groups()
        ends = step.end()
        a, b, result = Fraction(left), Fraction(right), Fraction(said)
        yield not (sign in "/%" and b == 0) and _APPLY[sign](a, b) == result
        yield abs(a) in known or a in known
        yield abs(b) in known or b in known
        known.add(result)
        used |= {a, b, abs(a), abs(b)}
    if result is None:
        return
    conclusion = re.findall(_NUMBER, text[ends:])
    yield bool(conclusion) and Fraction(conclusion[-1]) == result
    yield from (number in used for number in asked)
