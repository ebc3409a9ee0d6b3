"""Numbers in English words: seven, twenty-five, one hundred and five, two and a half, three quarters."""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["words_value"]

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_SMALL = {word: value for value, word in enumerate([*_UNITS.split(), "eighteen", "nineteen"])}
_TENS = {
    word: 10 * value
    for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fourth": 4,
    "fourths": 4,
    "fifth": 5,
    "fifths": 5,
    "sixth": 6,
    "sixths": 6,
    "eighth": 8,
    "eighths": 8,
    "tenth": 10,
    "tenths": 10,
}
_WORD = re.compile(r"[ -]?([A-Za-z]+)")
_SIGNS = {"negative", "minus"}


def words_value(text: str, start: int = 0) -> tuple[Fraction, int] | None:
    """Returns the value of the number whose words begin at a place, and where it ends; None if there is none.

    >>> words_value("twenty-five apples"), words_value("minus two and a half"), words_value("no apples")
    ((Fraction(25, 1), 11), (Fraction(-5, 2), 20), None)
    """
    words = _words(text, start)
    if not words:
        return None
    sign = -1 if words[0][0] in _SIGNS else 1
    at = 1 if sign < 0 else 0
    value, used = _whole(words, at)
    if used == at:
        value, used = _part(words, at)
        if used == at:
            return None
        return sign * value, words[used - 1][1]
    extra, after = _part_after(words, used)
    if after > used:
        return sign * (value * extra if words[used][0] in _PARTS else value + extra), words[after - 1][1]
    return sign * value, words[used - 1][1]


def _words(text: str, start: int) -> list[tuple[str, int]]:
    """The words from a place on that can belong to a number, each with its end."""
    known = {*_SMALL, *_TENS, *_SCALES, *_PARTS, *_SIGNS, "hundred", "and", "a", "dozen"}
    found: list[tuple[str, int]] = []
    at = start
    while (match := _WORD.match(text, at)) and match[1].lower() in known and (found or match.start(1) == start):
        found.append((match[1].lower(), match.end()))
        at = match.end()
    return found


def _whole(words: list[tuple[str, int]], at: int) -> tuple[Fraction, int]:
    total = group = 0
    used = at
    fresh = True  # whether a unit may follow
    for index in range(at, len(words)):
        word = words[index][0]
        if word in _SMALL and fresh:
            group, fresh = group + _SMALL[word], False
        elif word in _TENS and fresh:
            group += _TENS[word]
            fresh = index + 1 < len(words) and 0 < _SMALL.get(words[index + 1][0], 0) < 10
        elif word == "hundred" and (group or index == at):
            group, fresh = max(1, group) * 100, True
        elif word == "dozen" and (group or index == at):
            group, fresh = max(1, group) * 12, False
        elif word in _SCALES and (group or total):
            total, group, fresh = total + group * _SCALES[word], 0, True
        elif word == "and" and used > at and index + 1 < len(words) and words[index + 1][0] in {*_SMALL, *_TENS}:
            fresh = True
            continue
        else:
            break
        used = index + 1
    return Fraction(total + group), used


def _part(words: list[tuple[str, int]], at: int) -> tuple[Fraction, int]:
    """A half, half."""
    if at < len(words) and words[at][0] == "a" and at + 1 < len(words) and words[at + 1][0] in _PARTS:
        return Fraction(1, _PARTS[words[at + 1][0]]), at + 2
    if at < len(words) and words[at][0] == "half":
        return Fraction(1, 2), at + 1
    return Fraction(0), at


def _part_after(words: list[tuple[str, int]], at: int) -> tuple[Fraction, int]:
    """Three quarters; two and a half."""
    if at < len(words) and words[at][0] in _PARTS:
        return Fraction(1, _PARTS[words[at][0]]), at + 1
    if at < len(words) and words[at][0] == "and":
        value, used = _part(words, at + 1)
        return (value, used) if used > at + 1 else (Fraction(0), at)
    return Fraction(0), at
