"""Answers that are mathematics: LaTeX read out of a text, equal by math-verify."""

from __future__ import annotations

import re
from functools import lru_cache

from passel.core.child import NoReply
from passel.core.problem import Answer
from passel.tasks.parts.math_process import ask
from passel.tasks.parts.numbers import number, number_key
from passel.tasks.parts.stated import boxed, first_line, stated

__all__ = ["math_key", "read_math", "same_math"]

_DOLLARS = re.compile(r"\$\$?([^$]+)\$\$?")
_SENTENCE = re.compile(r"\.(?:\s|$)")
_NOISE = re.compile(r"\\[()%]|\\?\$|\\left(?![a-z])|\\right(?![a-z])|\\[!,;:]|\^\\circ|\^\{\\circ\}|\\displaystyle")
_WORDS = re.compile(r"\\(?:text|mbox|textbf|mathrm)\s*\{\s*\(?([^{}]*?)\)?\s*\}")
_UNIT = re.compile(r"(?<=\S)\s*\\(?:text|mbox|mathrm)\s*\{[^{}]*\}(?:\^\{?\d\}?)?$")
_NAMED = re.compile(r"^[A-Za-z]\s*=(?=[^=,;]+$)")  # x = 5 is the answer 5
_LONGEST = 1000  # characters that are still an answer


def read_math(text: str) -> Answer | None:
    """The expression after the last mark of a final answer, else the last one between dollars, else the last number."""
    candidates = [_expression(rest) for rest in stated(text)] or _DOLLARS.findall(text[-20_000:])[-1:]
    candidates += re.findall(r"-?\d+(?:\.\d+)?", text[-20_000:])[-1:]
    found = next((c for c in candidates if c and len(c) <= _LONGEST), None)
    return Answer(found, math_key(found)) if found else None


@lru_cache(4096)
def math_key(text: str) -> str:
    """A text that equal expressions share: numbers by value, the rest as far as cheap algebra can tell."""
    clean = _NAMED.sub("", _clean(text))
    if (value := number(_UNIT.sub("", clean))) is not None:
        return number_key(value)
    words = _WORDS.sub(r"\1", clean).strip()
    if len(words) == 1:
        return words
    if re.fullmatch(r"[A-Za-z][a-z]{2,}(?: [A-Za-z]+)*", words) or (words != clean and words.isalpha()):
        return words.casefold()
    try:
        return ask("key", clean) or clean
    except NoReply:
        return clean


@lru_cache(4096)
def same_math(gold: str, given: str) -> float | None:
    """1 if the answer equals the gold answer, else 0; None if that cannot be told in a few seconds."""
    if math_key(gold) == math_key(given):
        return 1.0
    try:
        return float(bool(ask("same", _clean(gold), _clean(given))))
    except NoReply:
        return None


def _expression(rest: str) -> str:
    line = first_line(rest)
    if (inner := boxed(line)) is not None:
        return inner
    return _SENTENCE.split(line, maxsplit=1)[0].removesuffix(".").strip(" *$") or line


def _clean(text: str) -> str:
    text = text.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
    return _NOISE.sub("", text).strip().removesuffix(".")
