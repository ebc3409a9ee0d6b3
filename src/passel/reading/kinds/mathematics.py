"""Answers that are mathematics: LaTeX read out of a text, compared form by form and by algebra."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from passel.core.child import NoReply
from passel.core.problem import Answer
from passel.core.workers import Workers
from passel.reading.final_part import final_part
from passel.reading.kinds.numerals import number_key
from passel.reading.marks import Trust, statements
from passel.reading.marks.forms import boxed
from passel.reading.mathematics import algebra
from passel.reading.mathematics.equal import same
from passel.reading.mathematics.forms import Expression, Number, Words, form_of
from passel.reading.mathematics.latex import clean

__all__ = ["math_key", "read_math", "same_math"]

_DISPLAY = re.compile(r"\s*(?:\\\[|\$\$)\s*(.*?)\s*(?:\\\]|\$\$)", re.DOTALL)
_DOLLARS = re.compile(r"\$\$?([^$]+)\$\$?")
_SENTENCE = re.compile(r"\.(?:\s|$)")
_NAMED = re.compile(r"^\s*[A-Za-z]\s*=(?=[^=,;]+$)")  # x = 5 is the answer 5
_LONGEST = 1000  # characters that are still an answer
_TAIL = 20_000
_MEMORY = 4 * 2**30  # bytes; 10^10^10 would take all there is before its time is up
_SECONDS = 5.0
_WORKERS = Workers(algebra.__file__, workers=min(2, os.cpu_count() or 1), memory=_MEMORY)


def read_math(text: str) -> Answer | None:
    """Returns the stated expression, else the last one between dollars, else the last number."""
    for statement in statements(text):
        if statement.trust is Trust.LINE:
            break
        found = statement.content if statement.bounded else _expression(statement.content)
        if found and statement.trust is not Trust.REMARK:
            return Answer(found, math_key(found)) if len(found) <= _LONGEST else None
    part = (final_part(text) or "")[-_TAIL:]
    guesses = [*_DOLLARS.findall(part)[-1:], *re.findall(r"-?\d+(?:\.\d+)?", part)[-1:]]
    found = next((guess.strip() for guess in guesses if guess.strip() and len(guess) <= _LONGEST), None)
    return Answer(found, math_key(found)) if found else None


@lru_cache(4096)
def math_key(text: str) -> str:
    """Returns a text that equal answers share: numbers by value, expressions as far as algebra can tell."""
    match form_of(_NAMED.sub("", text)):
        case Number(value):
            return number_key(value)
        case Words(words):
            return words
        case Expression(latex):
            return str(_ask("key", latex) or latex.replace(" ", ""))
        case _:
            return clean(text).replace(" ", "")


@lru_cache(4096)
def same_math(gold: str, given: str) -> float:
    """Returns 1 if the answer equals the gold answer, else 0, also where that cannot be told in a few seconds."""
    return float(same(gold, given, lambda a, b: _ask("equal", a, b) is True))


def _ask(*request: str) -> object:
    try:
        return _WORKERS.ask(request, seconds=_SECONDS)
    except NoReply:
        return None


def _expression(content: str) -> str:
    """What is stated: display mathematics up to its closing sign, else the first sentence of the line."""
    if match := _DISPLAY.match(content):
        return boxed(match[1]) or match[1]
    line = next((line.strip() for line in content.split("\n") if any(c.isalnum() for c in line)), "")
    if inner := boxed(line):
        return inner
    return _SENTENCE.split(line, maxsplit=1)[0].removesuffix(".").strip(" *$") or line
