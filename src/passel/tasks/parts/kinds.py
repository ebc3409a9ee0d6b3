"""The kinds of answer: how each is read and scored, and how a model is told to give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from passel.core.extras import need
from passel.core.problem import Answer, Reader
from passel.reading.kinds.label import LabelReader
from passel.reading.kinds.letter import LetterReader
from passel.reading.kinds.mathematics import read_math, same_math
from passel.reading.kinds.number import close, read_number
from passel.reading.kinds.numerals import number
from passel.reading.kinds.prose import exact, normal, symbols
from passel.reading.kinds.text import read_exact, read_symbols, read_text, same_lines
from passel.tasks.parts.expressions import makes, read_expression
from passel.tasks.parts.task import AnswerKind, Item

__all__ = [
    "BOXED_NUMBER",
    "EXACT",
    "EXPRESSION",
    "LETTER",
    "MATH",
    "NUMBER",
    "STEPS",
    "SYMBOLS",
    "TEXT",
    "THINK_NUMBER",
    "TRUE_FALSE",
    "TRUE_FALSE_UNKNOWN",
    "YES_NO",
    "by_key",
    "labels",
    "numeric",
    "prose",
]

STEPS = 'Solve step by step, one operation per line. End with "The answer is N."'
"""The line that passel-reasoner-135m was trained on, word for word."""

_BOX = "Think step by step and put your final answer within \\boxed{}."


def _always(read: Reader) -> Callable[[tuple[str, ...]], Reader]:
    return lambda _: read


def by_key(reader: Callable[[tuple[str, ...]], Reader], instruction: str) -> AnswerKind:
    """Right is what has the key of the gold answer; the gold answer is read as "The answer is GOLD" would be."""

    def score(item: Item, answer: Answer | None) -> float | None:
        gold = reader(item.options)(f"The answer is {item.gold}") if item.gold else None
        if gold is None:
            return None
        return float(answer is not None and answer.key == gold.key)

    return AnswerKind(reader, score, instruction)


def labels(words: Mapping[str, str], opposites: Mapping[str, str], instruction: str) -> AnswerKind:
    """One of a few words; `words` and `opposites` as in LabelReader. A gold answer is one of the words, or read."""
    reader = LabelReader(words, opposites)

    def score(item: Item, answer: Answer | None) -> float | None:
        gold = words.get(normal(item.gold)) or (read.key if (read := reader(item.gold)) else None)
        return None if gold is None else float(answer is not None and answer.key == gold)

    return AnswerKind(_always(reader), score, instruction)


def prose(read: Reader, key: Callable[[str], str], instruction: str) -> AnswerKind:
    """Text that is right where it has the key of the gold answer; of a gold answer of several lines, each line's."""

    def score(item: Item, answer: Answer | None) -> float | None:
        if not item.gold.strip():
            return None
        right = answer is not None and (answer.key == key(item.gold) or same_lines(item.gold, answer, key))
        return float(right)

    return AnswerKind(_always(read), score, instruction)


def numeric(instruction: str, relative: float = 0.0) -> AnswerKind:
    """A number, right if it is close to the gold one (see `numbers.close`)."""

    def score(item: Item, answer: Answer | None) -> float | None:
        gold = number(item.gold)
        if gold is None:
            return None
        given = number(answer.key) if answer else None
        return float(given is not None and close(gold, given, relative))

    return AnswerKind(_always(read_number), score, instruction)


def _math_reader(_: tuple[str, ...]) -> Reader:
    need("math_verify", "tasks")  # before a run is paid for, not at its first reply
    return read_math


def _score_math(item: Item, answer: Answer | None) -> float | None:
    if not item.gold:
        return None
    return same_math(item.gold, answer.text) if answer else 0.0


def _score_expression(item: Item, answer: Answer | None) -> float | None:
    right = answer is not None and makes(answer.text, item.details["numbers"], item.details["target"])
    return float(right)


NUMBER = numeric(STEPS)
THINK_NUMBER = replace(NUMBER, instruction='Think step by step. End with "The answer is N."')
BOXED_NUMBER = replace(NUMBER, instruction=_BOX)
MATH = AnswerKind(_math_reader, _score_math, _BOX)
LETTER = by_key(LetterReader, 'Think step by step. End with "The answer is (X)." where X is the letter of your choice.')
YES_NO = labels(
    {"yes": "yes", "true": "yes", "y": "yes", "no": "no", "false": "no", "n": "no"},
    {"yes": "no", "no": "yes"},
    'Think step by step. End with "The answer is yes." or "The answer is no."',
)
TRUE_FALSE = labels(
    {"true": "true", "yes": "true", "false": "false", "no": "false"},
    {"true": "false", "false": "true"},
    'Think step by step. End with "The answer is True." or "The answer is False."',
)
TRUE_FALSE_UNKNOWN = labels(
    {"true": "true", "false": "false", "unknown": "unknown", "uncertain": "unknown"},
    {"true": "false", "false": "true"},
    'Think step by step. End with "The answer is True.", "The answer is False." or "The answer is Unknown."',
)
EXPRESSION = AnswerKind(_always(read_expression), _score_expression, STEPS)
"""For items with `numbers` and `target` in their details."""
TEXT = prose(read_text, normal, 'Think step by step. End with "The answer is X." where X is a short answer.')
EXACT = prose(read_exact, exact, 'Think step by step. End with "The answer is X."')
SYMBOLS = prose(read_symbols, symbols, 'Think step by step. End with "The answer is X."')
