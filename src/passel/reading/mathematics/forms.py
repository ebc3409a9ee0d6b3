"""An answer taken apart: what has to be compared with what, before any algebra."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from passel.reading.kinds.numerals import number
from passel.reading.mathematics.latex import clean, split_top, words_of

__all__ = ["Expression", "Form", "Interval", "Items", "Matrix", "Number", "Ratio", "Raw", "Relation", "Union", "Words"]
__all__ += ["form_of"]


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number. `decimal`: it was written with a point or a power of ten, so that it may be rounded."""

    value: Fraction
    decimal: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Words, in lower case."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """Several forms: a tuple where `ordered`, else a set or a list."""

    items: tuple[Form, ...]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """From low to high, each end open or closed."""

    low: Form
    high: Form
    brackets: str


@dataclass(frozen=True, slots=True)
class Union:
    """Parts of a set, in no order."""

    parts: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Numbers in proportion, a : b : c."""

    terms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """Two sides with a sign of relation between them."""

    left: Form
    sign: str
    right: Form


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of forms."""

    rows: tuple[tuple[Form, ...], ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """LaTeX that algebra may understand."""

    latex: str


@dataclass(frozen=True, slots=True)
class Raw:
    """LaTeX that algebra must not be asked about, for it would drop a part of it: compared sign by sign."""

    latex: str


Form = Number | Words | Items | Interval | Union | Ratio | Relation | Matrix | Expression | Raw

_MATRIX = re.compile(r"^\\begin\{([pbvB]?matrix|array)\}(?:\{[lcr| ]*\})?(.*)\\end\{\1\}$", re.DOTALL)
_UNIT = re.compile(
    r"(?<=[\d}\)a-z])\s*(?:\\(?:text|mbox|mathrm|textrm)\s*\{[^{}]*\}|(?<=[\d}\)])\s+[a-zA-Z]{1,12}(?:\s[a-zA-Z]+){0,3}|"
    r"(?<=\d)(?:cm|mm|km|kg|ml|in|ft|mi|m|s|g|h))(?:\s?\^\s?\{?-?\d\}?)?\s*$"
)
_BASE = re.compile(r"(?<=\d)_\{?\d+\}?$")
_SIGN = re.compile(r"\\le |\\ge |\\ne |<=|>=|=|<|>|\\approx|\\equiv")
_SIGNS = {"<=": "\\le", ">=": "\\ge", "\\approx": "="}
_NAME = re.compile(r"[A-Za-z](?:_\{?\w+\}?)?(?:\([A-Za-z](?:,\s*[A-Za-z])*\))?|\\[a-z]+|[A-Z]{1,3}")
_MIXED = re.compile(r"^(-?)(\d+)\s*\\frac\{(\d+)\}\{(\d+)\}$")
_SIMPLE = re.compile(r"^(-?)\\frac\{(-?[\d.]+)\}\{([\d.]+)\}$")
_DROPPED = re.compile(r"\\(?:text|overline|underline|pm|mp|angle|triangle|vec|hat)(?![a-zA-Z])")
_DECIMAL = re.compile(r"\d\.\d|[eE][-+]?\d|10\s?\^")


def form_of(text: str) -> Form:
    """Takes an answer apart."""
    return _form(clean(text))


def _form(text: str) -> Form:
    text = text.strip()
    if (words := words_of(text)) is not None:
        return Words(words)
    if "\\ldots" in text:
        return Raw(_squeezed(text))
    if match := _MATRIX.match(text):
        rows = [row for row in re.split(r"\\\\", match[2]) if row.strip()]
        return Matrix(tuple(tuple(_form(cell) for cell in row.split("&")) for row in rows))
    if "\\cup" in text and len(parts := _split_word(text, "\\cup")) > 1:
        return Union(tuple(_form(part) for part in parts))
    if "\\setminus" in text or "\\mathbb" in text:
        return _set(text)
    if "\\in " in text and _NAME.fullmatch(text.partition("\\in ")[0].strip()):
        return _form(text.partition("\\in ")[2])
    if (found := _bracketed(text)) is not None:
        return found
    if len(parts := [part for part in split_top(text, ",;") if part]) > 1 and number(text) is None:
        return _listed(parts)
    if (relation := _relation(text)) is not None:
        return relation
    if (value := _number(text)) is not None:
        return value
    if len(terms := split_top(text, ":")) > 1 and all(_number(term) for term in terms):
        return Ratio(tuple(_form(term) for term in terms))
    return Expression(text) if _understood(text) else Raw(_squeezed(text))


def _listed(parts: list[str]) -> Form:
    """A list; "n = 2, 3, 4" is the list of the values."""
    name, sign, first = parts[0].partition("=")
    if sign and _NAME.fullmatch(name.strip()) and not any("=" in part for part in parts[1:]):
        parts = [first, *parts[1:]]
    forms = [_form(part) for part in parts]
    if forms and all(isinstance(form, Relation) and form.sign == "=" for form in forms):
        names = {form.left for form in forms if isinstance(form, Relation)}
        if len(names) == 1:  # a = 1, a = -2
            forms = [form.right for form in forms if isinstance(form, Relation)]
    return Items(tuple(forms), ordered=False)


def _relation(text: str) -> Form | None:
    signs = [sign for sign in _SIGN.finditer(text) if _depth(text[: sign.start()]) == 0]
    if not signs:
        return None
    edges = [0, *(edge for sign in signs for edge in sign.span()), len(text)]
    sides = [text[start:end].strip() for start, end in zip(edges[::2], edges[1::2], strict=True)]
    marks = [_SIGNS.get(sign.group().strip(), sign.group().strip()) for sign in signs]
    if not all(sides):
        return Raw(_squeezed(text))
    if len(sides) == 3 and set(marks) <= {"<", "\\le"} and _NAME.fullmatch(sides[1]):
        return Interval(_form(sides[0]), _form(sides[2]), _brackets(marks[0], marks[1]))
    if len(sides) == 3 and set(marks) <= {">", "\\ge"} and _NAME.fullmatch(sides[1]):
        return Interval(_form(sides[2]), _form(sides[0]), _brackets(marks[1], marks[0]))
    if len(sides) == 2 and _NAME.fullmatch(sides[0]) and marks[0] in ("<", ">", "\\le", "\\ge"):
        end, infinite = _form(sides[1]), Expression("\\infty")
        if marks[0] in (">", "\\ge"):
            return Interval(end, infinite, "[)" if marks[0] == "\\ge" else "()")
        return Interval(Expression("-\\infty"), end, "(]" if marks[0] == "\\le" else "()")
    if all(mark == "=" for mark in marks):
        return Relation(_form(sides[0]), "=", _form(sides[-1]))
    return Raw(_squeezed(text))


def _brackets(low: str, high: str) -> str:
    """The brackets of an interval whose ends these signs of relation give."""
    return ("(" if low in ("<", ">") else "[") + (")" if high in ("<", ">") else "]")


def _bracketed(text: str) -> Form | None:
    if len(text) < 2:
        return None
    if text.startswith("\\{") and text.endswith("\\}"):
        inner = text[2:-2]
        if "\\mid" in inner or "|" in inner:
            return Raw(_squeezed(text))
        return Items(tuple(_form(part) for part in split_top(inner, ",;") if part), ordered=False)
    opening, closing = text[0], text[-1]
    if opening not in "([" or closing not in ")]" or not _closes_last(text):
        return None
    parts = split_top(text[1:-1], ",;")
    if len(parts) == 1:
        return _form(parts[0]) if opening == "(" and closing == ")" else None
    if len(parts) == 2 and (opening + closing != "()" or any("\\infty" in part for part in parts)):
        return Interval(_form(parts[0]), _form(parts[1]), opening + closing)
    return Items(tuple(_form(part) for part in parts), ordered=True)


def _depth(text: str) -> int:
    return sum((character in "([{") - (character in ")]}") for character in text)


def _closes_last(text: str) -> bool:
    """Whether the bracket that opens the text is closed at its end."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == 0:
            return index == len(text) - 1
    return False


def _set(text: str) -> Form:
    """The real numbers, without some: as a union of intervals."""
    whole, sign, without = text.partition("\\setminus")
    if re.sub(r"[^A-Z]", "", whole.replace("\\mathbb", "")) != "R" or "(" in whole or "[" in whole:
        return Raw(_squeezed(text))
    ends = ["-\\infty", "\\infty"]
    if sign:
        taken = _form(without.strip())
        if not isinstance(taken, Items) or taken.ordered or not all(isinstance(item, Number) for item in taken.items):
            return Raw(_squeezed(text))
        points = sorted((item for item in taken.items if isinstance(item, Number)), key=lambda item: item.value)
        edges: list[Form] = [Expression(ends[0]), *points, Expression(ends[1])]
        return Union(tuple(Interval(low, high, "()") for low, high in pairwise(edges)))
    return Interval(Expression(ends[0]), Expression(ends[1]), "()")


def _number(text: str) -> Number | None:
    bare = _BASE.sub("", _UNIT.sub("", text)).removesuffix(" degrees").removesuffix(" percent").strip()
    if match := _MIXED.match(bare):
        whole, top, bottom = int(match[2]), int(match[3]), int(match[4])
        return Number((whole + Fraction(top, bottom)) * (-1 if match[1] else 1)) if bottom else None
    if match := _SIMPLE.match(bare):
        bottom = Fraction(match[3])
        return Number(Fraction(match[2]) / bottom * (-1 if match[1] else 1)) if bottom else None
    if not re.search(r"\d", bare) or re.search(r"[A-Za-z]{3,}", re.sub(r"\\times", "", bare)):
        return None
    value = number(bare.replace("\\times", "×"))
    return None if value is None else Number(value, bool(_DECIMAL.search(bare)))


def _understood(text: str) -> bool:
    """Whether algebra can be asked: no words that it would take for products of letters, no sign that it drops."""
    return not _DROPPED.search(text) and not re.search(r"[a-zA-Z]{4,}|[:?]", re.sub(r"\\[a-zA-Z]+", "", text))


def _squeezed(text: str) -> str:
    return re.sub(r"\s|\\times", "", text)


def _split_word(text: str, word: str) -> list[str]:
    return [part.strip() for part in text.split(word) if part.strip()]
