"""Chains of thought of several lengths for one question: the model's own where it is right, and shorter ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from parts.word_problems import asked

from passel.core.key import Key

__all__ = ["STRENGTHS", "answer_of", "shortened", "sums", "write_chains"]

STRENGTHS = (0.5, 1.0)


def sums(count: int, key: Key) -> list[tuple[str, str]]:
    """(question, answer): sums and differences of three to six numbers below 50, no partial result below 0."""
    found: list[tuple[str, str]] = []
    for at in range(count):
        of = key / at
        total, text = 1 + (of / "first").below(49), ""
        start = total
        for place in range(2 + (of / "terms").below(4)):
            number = 1 + (of / place).below(49)
            plus = (of / place / "sign").below(2) or number > total
            total += number if plus else -number
            text += f" {'+' if plus else '-'} {number}"
        found.append((f"What is {start}{text}?", str(total)))
    return found


def answer_of(text: str) -> str | None:
    """The N of "The answer is N."; None where there is none."""
    _, found, rest = text.rpartition("The answer is ")
    return rest.strip().rstrip(".") if found else None


def is_right(text: str, answer: str) -> bool:
    """Whether a text ends with this number."""
    try:
        return Fraction(answer_of(text) or "") == Fraction(answer)
    except (ValueError, ZeroDivisionError):
        return False


def shortened(chain: str, strength: float) -> str | None:
    """The chain with the share `strength` of its steps left out, the first ones; None where that changes nothing."""
    *steps, last = chain.strip().split("\n")
    kept = round((1 - strength) * len(steps))
    return "\n".join([*steps[len(steps) - kept :], last]) if kept < len(steps) else None


def write_chains(path: Path, rows: Sequence[tuple[str, str]], texts: Sequence[str]) -> int:
    """The right ones of the model's own texts, shortened by each strength, as rows to train on; how many there are."""
    lines = list(_lines(rows, texts))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return len(lines)


def _lines(rows: Sequence[tuple[str, str]], texts: Sequence[str]) -> Iterator[dict[str, object]]:
    for (question, answer), text in zip(rows, texts, strict=True):
        if not is_right(text, answer):
            continue
        for strength in STRENGTHS:
            if (short := shortened(text, strength)) is not None:
                yield {"prompt": asked(question), "completion": short, "valve": strength}
