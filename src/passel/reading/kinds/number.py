"""Answers that are one number: exact values, so that 1/2, 0.5 and \\frac{1}{2} are one answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from passel.core.problem import Answer
from passel.reading.final_part import final_part
from passel.reading.kinds.numerals import Numeral, number_key, numeral_at, numerals, tidy
from passel.reading.marks import Trust, statements
from passel.reading.marks.stated import without_run_on

__all__ = ["close", "read_number"]

_CLAUSE = re.compile(
    r"[.;!?](?=\s|$|[\"”)*])|,\s(?!\d{3}\b)|\s\(|[。；，！？]|\n\s*\n"
    r"|\s(?:because|since|as|which|where|so|when|if|after|but|given|due)\b"
)
_SIDES = re.compile(r"=|≈|\\approx")
_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf|textit)\s*\{([^{}]*)\}")
_MARKUP = re.compile(
    r"[_`$\"“”'‘’\[\]{}]|\\[()\[\]]|\\\$|\*\*|(?<![\d)\s])\*|\*(?![\d(\s])|(?<=\s)\*(?=\S)"  # not the * of 3 * 4
)
_NEGATED = re.compile(r"\W*(?:not|n't|neither|never)\b", re.IGNORECASE)
_OPERATOR = re.compile(r"[+*/×·÷^]|\s-\s|\d\s?-\s?\d|\d\s?x\s?\d|\bx\s\d")
_LIST = re.compile(r"\s*(?:to|and|or|–|-|&)\s*[$€£]?\d")
_UNITS = re.compile(r"[\s.,:;!?%°/²³^A-Za-z€£¥₹µ-]{0,60}")
_TAIL = 20_000  # characters looked at for a number that nothing announces


def read_number(text: str) -> Answer | None:
    """Returns the stated number; where nothing is stated, the last number of the text. None for a text that states an
    answer which is not one number.

    >>> [getattr(read_number(text), "key", None) for text in ("The answer is 1.5 million.", "It is 3-5. So 4 of them")]
    ['1500000', '4']
    >>> read_number("There are 5 of them, so the answer is unknown.")
    """
    stated = False
    for statement in statements(text):
        if statement.trust is Trust.LINE:
            if numeral := _only(statement.content):
                return _answer(numeral)
            continue
        if statement.trust is Trust.REMARK:
            if numeral := numeral_at(_line(tidy(statement.content))):
                return _answer(numeral)
            continue
        if _NEGATED.match(statement.content):
            continue
        if statement.bounded and _is_heading(statement.content):
            continue
        if numeral := _stated(statement.content):
            return _answer(numeral)
        if statement.bounded:
            return None
        stated = stated or not statement.bounded
    return None if stated else _guessed(text)


def close(gold: Fraction, given: Fraction, relative: float = 0.0) -> bool:
    """Whether a number is right. A whole gold number must be met exactly. Others (1/3 as 0.3333) may differ by 0.001,
    as in PAL (Gao et al. 2022, arXiv 2211.10435), or by a thousandth of the gold number where that is less; `relative`
    widens it for tasks that ask for rounded values.
    """
    room = 0.0 if gold.denominator == 1 else 1e-3 * min(1.0, abs(float(gold)))
    return abs(gold - given) <= max(Fraction(room), Fraction(relative) * abs(gold))


def _answer(numeral: Numeral) -> Answer:
    return Answer(numeral.text, number_key(numeral.value))


def _line(text: str) -> str:
    """The first line with a letter or digit, without markup."""
    for line in text.split("\n"):
        clean = _MARKUP.sub("", line).strip(" :")
        if any(c.isalnum() for c in clean):
            return clean
    return ""


def _stated(content: str) -> Numeral | None:
    """The number that the first clause of a statement comes to: of "12 = 4 * 3" and "4 * 3 = 12" the plain side."""
    content = content[:2000]
    line = _line(tidy(_TEXT.sub(r" \1 ", content) if "\\" in content else content))
    clause = _CLAUSE.split(line, maxsplit=1)[0]
    sides = _SIDES.split(clause)
    return next((numeral for side in sides if (numeral := _plain(side)) is not None), None)


def _plain(side: str) -> Numeral | None:
    """The number of a side that holds no operation, no range and no list."""
    side = side.strip()
    found = [*numerals(side)]
    if not found:
        return numeral_at(side.removeprefix("about ").removeprefix("approximately ").removeprefix("exactly "))
    first = found[0]
    rest = side[first.end :]
    if _OPERATOR.search(side[: first.start]) or _LIST.match(rest) or re.search(r"\d[-–:/]$", side[: first.start]):
        return None
    if len(found) > 1 and re.search(r"\b(?:between|from)\s*$", side[: first.start], re.IGNORECASE):
        return None
    next_at = found[1].start if len(found) > 1 else len(side)
    if _OPERATOR.search(side[first.end - 1 : next_at + 2]) and not re.match(r"\s?[A-Za-z]+/[A-Za-z]", rest):
        return None
    return first


def _only(line: str) -> Numeral | None:
    """The number of a line that is nothing but a number with its unit."""
    if len(line) > 80:
        return None
    clean = _SIDES.split(_MARKUP.sub("", tidy(_TEXT.sub(r" \1 ", line))))[-1].strip(" :")
    numeral = next(numerals(clean), None)
    if numeral is None:
        words = numeral_at(clean)
        return words if words is not None and words.end == len(clean.rstrip(".!")) else None
    if numeral.start > 0 or not _UNITS.fullmatch(clean, numeral.end):
        return None
    return numeral if len(clean[numeral.end :].split()) <= 3 else None


def _is_heading(content: str) -> bool:
    """Whether what follows #### is a heading of Markdown, not GSM8K's mark."""
    return bool(re.match(r"\W*(?:step|part|case|conclusion|final|answer|solution|example)\b", content, re.IGNORECASE))


def _guessed(text: str) -> Answer | None:
    part = final_part(text)
    if part is None:
        return None
    part = without_run_on(part[-_TAIL:])
    for window in _windows(part):
        if found := [*numerals(tidy(window))]:
            return _answer(found[-1])
    return None


def _windows(text: str) -> Iterator[str]:
    """Ends of the text, the shortest first, each beginning with a whole word."""
    size = 300
    while size < len(text):
        start = text.rfind(" ", 0, len(text) - size)
        yield text[start + 1 :]
        size *= 4
    yield text
