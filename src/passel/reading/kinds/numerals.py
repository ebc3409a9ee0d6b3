"""Numerals: one number written out, in digits, in LaTeX or in words, read whole or not at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from passel.reading.kinds.number_words import words_value

__all__ = ["Numeral", "number", "number_key", "numeral_at", "numerals", "tidy"]

_GROUPED = (
    r"\d{1,3}(?:,\d{2,3})*,\d{3}(?!\d)(?:\.\d+)?"  # 1,234,567 and 12,34,567
    r"|\d{1,3}(?:[ '’_]\d{3})+(?!\d)(?:[.,]\d+)?"  # 1 234 567
    r"|\d{1,3}(?:\.\d{3}){2,}(?!\d)(?:,\d+)?"  # 1.234.567,89
)
_PLAIN = rf"(?:{_GROUPED}|\d+(?:\.\d+)?(?!\d)|\.\d+)"
_POWER = r"(?:\^|\*\*)\s?\{?\s?(?P<NAME>[-+]?\d+)\s?\}?"
_NUMERAL = re.compile(
    r"(?P<sign>(?<![\w)\]}])(?:[-+]|negative\s|minus\s)\s?)?(?P<currency>[$€£¥₹]\s?)?(?P<inner>-(?=[\d.]))?"
    r"(?:(?P<mixed>\d+)(?:\s+(?:and\s+)?|-)(?=\d+\s?/\s?\d))?"
    rf"(?P<top>{_PLAIN})"
    r"(?:[eE](?P<e>[-+]?\d+)(?!\w)"
    rf"|\s?(?:[×*x·]\s?|times\s)10\s?{_POWER.replace('NAME', 'times_ten')}"
    rf"|\s?{_POWER.replace('NAME', 'power')})?"
    rf"(?:\s?/\s?(?P<bottom>{_PLAIN}))?"
    r"(?:\s?(?P<scale>hundred|thousand|million|billion|trillion|lakh|crore|mn|bn)(?![a-z])|(?P<letter>(?-i:[kKM]))(?![\w^]))?"
    r"(?P<percent>\s?%|\s?percent\b)?",
    re.IGNORECASE,
)
_SCALES = {
    "hundred": 2,
    "thousand": 3,
    "million": 6,
    "mn": 6,
    "billion": 9,
    "bn": 9,
    "trillion": 12,
    "lakh": 5,
    "crore": 7,
}
_LETTERS = {"k": 3, "K": 3, "M": 6}
_FRACTION = re.compile(
    r"\\[dt]?frac\s*(?:\{\s*(-?[\d.,]+)\s*\}\s*\{\s*([\d.,]+)\s*\}|(\d)\s*(\d)|\{(\d+)\}\s*(\d)|(\d)\s*\{(\d+)\})"
)
_VULGAR = {c: unicodedata.normalize("NFKC", c).replace("⁄", "/") for c in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"}
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_LATEX = re.compile(r"\\[!,;: ]|~|(?<=\d)\{,\}(?=\d)|\\left(?![a-z])|\\right(?![a-z])|\\displaystyle")
_SIGNS = str.maketrans(
    {
        "−": "-",
        "‒": "-",
        "－": "-",
        "﹣": "-",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\u2007": " ",
        "，": ",",
        "．": ".",
    }
)
_LONGEST = 400  # digits, and the largest power of ten; a longer numeral is no answer but a model that repeats itself
_NOISE = 10  # decimal places from which on a numeral is taken to be the print of a float
# what makes a numeral a part of something longer: 3:45, 2.5.1, 10-12, 1/2/3, x3, 3x
_BEFORE = re.compile(r"(?:[\w\]})]|\d[-–:/.,^]|[A-Za-z_]\^|(?<![\w.])[A-Za-z]-)$")
_AFTER = re.compile(
    r"(?:[:/–^]\s?\d|-\d|\.\d|,\d|[xyzn](?![a-z])|\s?[xyz](?![\w'’])|\s?\\(?:sqrt|pi|theta)|\s?[πθ])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A numeral in a text that went through `tidy`: its place, how it is written, and its value."""

    start: int
    end: int
    text: str
    value: Fraction


def tidy(text: str) -> str:
    """Returns the text with one spelling for each sign: ASCII digits, minus and spaces, fractions as 1/2, × as times.

    >>> tidy("2½ − \\\\frac{3}{4}")
    '2 1/2 -  3/4'
    """
    if not text.isascii():
        text = "".join(
            f" {_VULGAR[c]}" if c in _VULGAR else f"^{c}" if c in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻" else _digit(c)
            for c in text.translate(_SIGNS)
        )
        text = re.sub(r"(?<=[⁰¹²³⁴⁵⁶⁷⁸⁹⁻])\^(?=[⁰¹²³⁴⁵⁶⁷⁸⁹])", "", text).translate(_SUPER)
        text = re.sub(r"(?<![\d\s])\s?–\s?(?=\d)|(?<=\s)–\s?(?=\d)|^–(?=\d)", "-", text)  # an en dash before a number
    if "\\" in text or "~" in text or "{,}" in text:
        text = _LATEX.sub(
            lambda m: " " if m.group() in ("~", "\\ ") else "", text.replace("\\$", "$").replace("\\%", "%")
        )
        text = text.replace("\\times", "×").replace("\\cdot", "·").replace("\\div", "/")
        text = _FRACTION.sub(lambda m: " {}/{}".format(*[group for group in m.groups() if group is not None]), text)
    return text


def numerals(text: str) -> Iterator[Numeral]:
    """Yields the numerals of a tidy text that are whole: not a part of a time, a date, a range, a version or a term."""
    for match in _NUMERAL.finditer(text):
        if (found := _whole(text, match)) is not None:
            yield found


def numeral_at(text: str, start: int = 0) -> Numeral | None:
    """Returns the numeral that begins at a place of a tidy text, in digits or in words, or None."""
    if match := _NUMERAL.match(text, start):
        return _whole(text, match)
    if (found := words_value(text, start)) is not None:
        value, end = found
        return Numeral(start, end, text[start:end], value)
    return None


def number(text: str) -> Fraction | None:
    """Returns the value of a text that is one number (with a currency sign, separators or a percent sign), else None.

    >>> [str(number(text)) for text in ("$1,234", "0.5", "\\\\frac{1}{2}", "-1 1/2", "20\\\\%", "3:45", "12 apples")]
    ['1234', '1/2', '1/2', '-3/2', '20', 'None', 'None']
    """
    clean = tidy(text.strip()).strip().removesuffix(".").strip("$ ")
    if clean.startswith("(") and clean.endswith(")") and re.fullmatch(r"\([-+]?[$€£]?[\d.,/ ]+\)", clean):
        clean = clean[1:-1]
    clean = (
        clean.removesuffix("€").removesuffix("£").rstrip().replace("-(", "-").rstrip(")")
        if clean[:2] == "-("
        else clean
    )
    clean = clean.rstrip("€£¥₹ ")
    found = numeral_at(clean)
    return found.value if found is not None and found.end == len(clean) else None


def number_key(value: Fraction) -> str:
    """Returns the one way to write a value: a whole number or a reduced fraction."""
    return str(value)


def _digit(c: str) -> str:
    if c.isascii() or not c.isdecimal():
        return c
    return str(unicodedata.decimal(c))


def _whole(text: str, match: re.Match[str]) -> Numeral | None:
    start, end = match.span()
    if _BEFORE.search(text[max(0, start - 2) : start]) or _AFTER.match(text, end):
        return None
    value = _value(match)
    return None if value is None else Numeral(start, end, match.group().strip(), value)


def _value(match: re.Match[str]) -> Fraction | None:
    if match.group().isdigit() and len(match.group()) <= _LONGEST:  # nearly all numerals
        return Fraction(int(match.group()))
    tens = int((match["e"] or match["times_ten"] or "0")[:6]) + _scale(match)
    if len(match.group()) > _LONGEST or abs(tens) > _LONGEST:
        return None
    value = _decimal(match["top"])
    if match["power"]:
        power = int(match["power"][:6])
        if abs(power) * max(1, len(match["top"])) > _LONGEST or not value:
            return None
        value **= power
    if tens:
        value *= Fraction(10) ** tens
    if match["bottom"]:
        bottom = _decimal(match["bottom"])
        if not bottom:
            return None
        value /= bottom
    if match["mixed"]:
        value += int(match["mixed"])
    negative = bool(match["sign"]) and not match["sign"].strip().startswith("+")
    return -value if negative != bool(match["inner"]) else value


def _scale(match: re.Match[str]) -> int:
    return _SCALES.get((match["scale"] or "").lower(), 0) + _LETTERS.get(match["letter"] or "", 0)


def _decimal(text: str) -> Fraction:
    """A decimal of up to 10 places as it is; a longer one is a float's print, and is rounded."""
    digits = re.sub(r"[ '’_]", "", text)
    if digits.count(".") > 1 or ("," in digits and re.fullmatch(r"\d+(?:\.\d{3})*,\d+", digits) and "." in digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif re.search(r"[ '’_]", text):
        digits = digits.replace(",", ".")
    value = Fraction(digits.replace(",", ""))
    places = len(digits.partition(".")[2])
    return round(value, _NOISE - 1) if places >= _NOISE and value > Fraction(1, 10**4) else value
