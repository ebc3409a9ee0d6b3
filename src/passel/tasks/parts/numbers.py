"""Answers that are one number: exact values, so that 1/2, 0.5 and \\frac{1}{2} are one answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from passel.core.problem import Answer
from passel.tasks.parts.stated import first_line, stated

__all__ = ["close", "number", "number_key", "read_number"]

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    r"(?:(?P<sign>(?<![\w)])[-+])\s?)?[$€£]?\s?(?P<inner>-)?"
    r"(?:(?P<mixed>\d+)\s+(?=\d+/\d))?"
    rf"(?P<top>{_DIGITS})"
    r"(?:[eE](?P<e>[-+]?\d+)(?!\w)|\s?(?:\\times|×|\*)\s?10\s?\^\s?\{?(?P<power>-?\d+)\}?)?"
    rf"(?:\s?/\s?(?P<bottom>{_DIGITS}))?"
)
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{(-?[\d.]+)\}\s*\{([\d.]+)\}|(\d)(\d))")
_SPACES = re.compile(r"\\[!,;]|(?<=\d)\{,\}(?=\d)")
_LONGEST = 400  # digits, and the largest power of ten; a longer numeral is no answer but a model that repeats itself
_TAIL = 20_000  # characters looked at for a number that no mark announces


def read_number(text: str) -> Answer | None:
    """The number after the last mark of a final answer, else the last number of the text."""
    for rest in stated(text):
        line = first_line(rest)
        for part in (line.rpartition("=")[2], line):
            if answer := next(_numbers(part), None):
                return answer
    return (list(_numbers(text[-_TAIL:])) or [None])[-1]


def number(text: str) -> Fraction | None:
    """The value of a text that is one number (with a currency sign, commas or a percent sign), else None.

    >>> [str(number(text)) for text in ("$1,234", "0.5", "\\\\frac{1}{2}", "-1 1/2", "12 apples")]
    ['1234', '1/2', '1/2', '-3/2', 'None']
    """
    clean = _clean(text.strip()).strip().removesuffix(".")
    clean = clean.removesuffix("%").removesuffix("\\").strip("$ ").replace("-(", "-").strip("()")
    match = _NUMBER.fullmatch(clean)
    return _value(match) if match else None


def number_key(value: Fraction) -> str:
    """The one way to write a value: a whole number or a reduced fraction."""
    return str(value)


def close(gold: Fraction, given: Fraction, relative: float = 0.0) -> bool:
    """Whether a number is right. A whole gold number must be met exactly. Others (1/3 as 0.3333) may differ by 0.001,
    as in PAL (Gao et al. 2022, arXiv 2211.10435), or by a thousandth of the gold number where that is less; `relative`
    widens it for tasks that ask for rounded values.
    """
    room = 0.0 if gold.denominator == 1 else 1e-3 * min(1.0, abs(float(gold)))
    return abs(gold - given) <= max(Fraction(room), Fraction(relative) * abs(gold))


def _clean(text: str) -> str:
    text = _SPACES.sub("", text.replace("−", "-").replace("\\$", "$"))
    return _FRACTION.sub(lambda match: " {}/{}".format(*(match.group(1, 2) if match[1] else match.group(3, 4))), text)


def _numbers(text: str) -> Iterator[Answer]:
    for match in _NUMBER.finditer(_clean(text)):
        if (value := _value(match)) is not None:
            yield Answer(match.group().strip(), number_key(value))


def _value(match: re.Match[str]) -> Fraction | None:
    power = int((match["e"] or match["power"] or "0")[:6])
    if len(match.group()) > _LONGEST or abs(power) > _LONGEST:
        return None
    value = Fraction(match["top"].replace(",", "")) * Fraction(10) ** power
    if match["bottom"]:
        bottom = Fraction(match["bottom"].replace(",", ""))
        if not bottom:
            return None
        value /= bottom
    if match["mixed"]:
        value += int(match["mixed"])
    return -value if (match["sign"] == "-") != bool(match["inner"]) else value
