"""A checker of arithmetic lines: does each equation hold, does it use known numbers, does the answer follow?"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from passel.core.flow import Flow
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.verifiers.parts.steps import Aggregate, Step, judged_steps, split

__all__ = ["Check", "arithmetic", "checks", "labels"]

_NUMBER = r"-?\d+(?:\.\d+)?"
_STEP = re.compile(rf"^\s*\(?({_NUMBER})\)?\s*([-+*/%])\s*\(?({_NUMBER})\)?\s*=\s*({_NUMBER})\s*$", re.MULTILINE)
_APPLY: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_CONCLUSION = "the answer is not the last result, {}"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a solution. `fault`: what is wrong if it does not pass, such as "3*2=5, but it is 6"."""

    passed: bool
    fault: str


@needs()
def arithmetic(
    problem: Problem, text: str, *, key: Key, aggregate: Literal["checks"] | Aggregate = "checks"
) -> Flow[Judgement]:
    """The share of checks that a solution of the form `a+b=c`, one operation a line, passes.

    For each line: the equation holds; both operands are in the question or are results of earlier lines. For the
    whole: the answer is the last line's result; every number of the question is used.

    Source: ours; rule-based step checking as in the calculator annotations of Cobbe et al. 2021 (2110.14168).

    Args:
        aggregate: how the checks become one number; ours. "checks" is the share of all checks; the other choices put
            together the verdicts of `labels`, 1 or 0 a line, without the check that every number is used. They suit
            a solution that is not finished, in which "checks" misses the answer.

    Returns: score; in [0, 1], 1 if every check passes; None if the text has no line of this form.

    Cost: generate = 0

    Guarantees: a slip in calculation never scores 1, but for aggregate="last" where it is not in the last step. A wrong
    choice of operations can.

    Deviations: none.

    >>> from passel.core.play import play
    >>> text = "4+3=7\\n7+2=8\\nThe answer is 8."
    >>> play(arithmetic(Problem("1", "What is 4 + 3 + 2?"), text, key=Key())).value.explanation
    '1 of 10 checks fail: 7+2=8, but it is 9'
    """
    yield from ()
    if aggregate != "checks":
        steps = [step for step in labels(problem, text) if step.score is not None]
        return judged_steps(steps, aggregate)
    found = list(checks(problem, text))
    if not found:
        return Judgement(None, "no line of the form a+b=c")
    faults = [check.fault for check in found if not check.passed]
    counts = {"checks": len(found), "failed": len(faults)}
    if not faults:
        return Judgement(1.0, f"all {len(found)} checks pass", counts)
    why = f"{len(faults)} of {len(found)} checks fail: {'; '.join(faults)}"
    return Judgement((len(found) - len(faults)) / len(found), why, counts)


def labels(problem: Problem, text: str) -> tuple[Step, ...]:
    """Each line as a step: 1 if it passes its checks, 0 if not. Of the text after the last equation, the line with the
    last number is 1 if that is the last equation's result. Any other line is not judged.

    >>> [step.score for step in labels(Problem("1", "4, 3 and 2?"), "Add them.\\n4+3=7\\n7+2=8\\nThe answer is 8.")]
    [None, 1.0, 0.0, 1.0]
    """
    lines = split(text, "lines")
    known, steps = set(_asked(problem)), list[Step]()
    result, last = Fraction(0), len(lines)
    for index, line in enumerate(lines):
        equation = _STEP.search(line)
        if equation is None:
            steps.append(Step(line))
            continue
        faults = [check.fault for check in _equation(equation, known) if not check.passed]
        steps.append(Step(line, float(not faults), "; ".join(faults)))
        result, last = Fraction(equation[4]), index
        known.add(result)
    for index in reversed(range(last + 1, len(lines))):
        if number := re.findall(_NUMBER, lines[index]):
            agrees = Fraction(number[-1]) == result
            steps[index] = Step(lines[index], float(agrees), "" if agrees else _CONCLUSION.format(result))
            break
    return tuple(steps)


def checks(problem: Problem, text: str) -> Iterator[Check]:
    """Each check of `arithmetic` in turn; no checks for a text without a line of its form."""
    asked = _asked(problem)
    known, used = set(asked), set[Fraction]()
    result: Fraction | None = None
    ends = 0
    for step in _STEP.finditer(text):
        ends = step.end()
        a, b, result = Fraction(step[1]), Fraction(step[3]), Fraction(step[4])
        yield from _equation(step, known)
        known.add(result)
        used |= {a, b, abs(a), abs(b)}
    if result is None:
        return
    conclusion = re.findall(_NUMBER, text[ends:])
    yield Check(bool(conclusion) and Fraction(conclusion[-1]) == result, _CONCLUSION.format(result))
    yield from (Check(number in used, f"{number} of the question is not used") for number in asked)


def _asked(problem: Problem) -> list[Fraction]:
    return [Fraction(number) for number in re.findall(r"\d+(?:\.\d+)?", problem.question.replace(",", ""))]


def _equation(step: re.Match[str], known: Collection[Fraction]) -> Iterator[Check]:
    """Whether it holds, and whether each operand is known."""
    a, b, result = Fraction(step[1]), Fraction(step[3]), Fraction(step[4])
    right = None if step[2] in "/%" and b == 0 else _APPLY[step[2]](a, b)
    yield Check(right == result, f"{step[0].strip()}, but it is {'no number' if right is None else right}")
    for operand in (a, b):
        passed = abs(operand) in known or operand in known
        yield Check(passed, f"{operand} in {step[0].strip()} is neither in the question nor an earlier result")
