"""Hiding the numbers of a question, and reading a recovered one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from passel.core.problem import Problem

__all__ = ["Masked", "masked", "read_unknown", "same_number"]

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?"
_HIDEABLE = re.compile(rf"(?<![\w.,/^])(?<!\d:)({_DIGITS}(?:/\d+(?![\d/]))?)(?![\w/^]|[.,:]\d)")
"""A number that stands for itself: no part of a word (3rd, 2x), of a date (5/6/2020), of a time or of an exponent."""

_VALUE = re.compile(rf"([-−]?)\s*[$€£]?\s*([-−]?)({_DIGITS}|\.\d+)(?:\s*/\s*(\d+(?:\.\d+)?))?")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([\d.]+)\}\s*\{([\d.]+)\}")
_GOES_ON = re.compile(r"\s*[-−+*/×÷^=(]")
_NAMES = "xKyzwuvpq"
_CHOICES = re.compile(r"^\s*\(?A[).:]\s", re.MULTILINE)
_LONGEST = 100  # digits; a longer numeral is a model that repeats itself


@dataclass(frozen=True, slots=True)
class Masked:
    """A question with one number hidden behind a letter that the question does not use, and that number."""

    question: str
    name: str
    hidden: Fraction


def masked(problem: Problem, max_numbers: int) -> list[Masked]:
    """The question once for each of its numbers, the first `max_numbers` of them, with that number hidden.

    Numbers are written in digits (1,250 and 0.5 and 3/4 are one number each); numbers of answer options are not hidden.

    >>> [(hiding.question, str(hiding.hidden)) for hiding in masked(Problem("1", "Is 1/2 of 1,000 more than 400?"), 2)]
    [('Is x of 1,000 more than 400?', '1/2'), ('Is 1/2 of x more than 400?', '1000')]
    """
    text = problem.question
    name = next((n for n in _NAMES if not re.search(rf"(?<![A-Za-z]){n}(?![A-Za-z])", text)), None)
    choices = _CHOICES.search(text) if problem.options else None
    found: list[Masked] = []
    for number in _HIDEABLE.finditer(text, 0, choices.start() if choices else len(text)):
        hidden = _fraction(*number[1].partition("/")[::2])
        if name is not None and hidden is not None and len(found) < max_numbers:
            found.append(Masked(text[: number.start()] + name + text[number.end() :], name, hidden))
    return found


def read_unknown(text: str, name: str) -> Fraction | None:
    """The value that a text gives the unknown: after the last "x =", "x is" or "answer is", else its last number.

    >>> [str(read_unknown(text, "x")) for text in ("x = 12 - 4 = 8", "The value of x is $1,200.", "no idea")]
    ['8', '1200', 'None']
    """
    text = _FRACTION.sub(r"\1/\2", re.sub(r"[*`]+|\\[$!,;()\[\]]", "", text))
    mark = rf"(?:(?<![A-Za-z\d*+/]){name}\s*(?:=|\bis\b|:)|\banswer\s*(?:is\b|:)|\\boxed\s*\{{)\s*:?"
    for found in reversed(list(re.finditer(mark, text))):
        line = text[found.end() :].strip().partition("\n")[0]
        value = _VALUE.match(line)
        if value and not _GOES_ON.match(line, value.end()):
            return _value(value)
        for part in (line.rpartition("=")[2], line):
            if (first := _VALUE.search(part)) is not None:
                return _value(first)
    numbers = list(_VALUE.finditer(text[-5_000:]))
    return _value(numbers[-1]) if numbers else None


def same_number(hidden: Fraction, recovered: Fraction | None) -> bool:
    """Whether a hidden number was recovered: exactly if it is whole, else within a thousandth of itself."""
    if recovered is None:
        return False
    room = Fraction(0) if hidden.denominator == 1 else abs(hidden) / 1000
    return abs(hidden - recovered) <= room


def _value(match: re.Match[str]) -> Fraction | None:
    value = _fraction(match[3], match[4] or "")
    return -value if value is not None and bool(match[1]) != bool(match[2]) else value


def _fraction(top: str, bottom: str) -> Fraction | None:
    if len(top) + len(bottom) > _LONGEST or (bottom and not Fraction(bottom)):
        return None
    return Fraction(top.replace(",", "")) / (Fraction(bottom) if bottom else 1)
